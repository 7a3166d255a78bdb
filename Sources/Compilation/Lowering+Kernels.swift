import CKernels
import COpenBLAS
import Graphs

extension Lowering {
  /// Emits the calls of an operation that has a kernel of its own.
  func lowerKernel(_ index: Int) {
    let node = graph.nodes[index]
    let value = Value(node: index)
    switch node.operation {
    case .matmul: lowerProduct(value, node)
    case .convolve(let convolution): lowerConvolution(value, node, convolution)
    case .assemble(let assembly): lowerAssembly(value, node, assembly)
    case .index(let indexing): lowerIndexing(value, node, indexing)
    case .scan(let scan): lowerScan(value, node, scan)
    case .pool(let pooling): lowerPool(value, node, pooling)
    case .random(let distribution):
      let kind: ck_distribution =
        switch distribution {
        case .uniform: CK_UNIFORM
        case .normal: CK_NORMAL
        case .bits: CK_BITS
        }
      let keys = graph.tensor(node.inputs[0]).count / 2
      let parameters = ck_random(
        type: code(node.outputs[0].elementType), distribution: Int32(kind.rawValue),
        count: Int64(node.outputs[0].shape.count / keys), keys: Int64(keys))
      emit(
        "random \(distribution.rawValue)", ck_random_run, memory.store(parameters), reads: [dense(node.inputs[0])],
        [value])
    case .composite(let composite): lowerComposite(composite, index, node)
    case .source, .elementwise, .reduce, .rearrange, .pass: preconditionFailure("\(node.operation) has no kernel")
    }
  }

  func code(_ type: ElementType) -> Int32 { Int32(FusedKernel.typeSlot[type]!) }

  /// A call that reads dense arrays and writes dense results, and a scratch buffer last.
  func emit(
    _ name: String, _ kernel: @escaping ck_kernel, _ parameters: UnsafeRawPointer?, reads: [View], _ results: [Value],
    scratch: Int? = nil, flops: Double = 0
  ) {
    var written = results.map { KernelCall.Operand(buffer: place($0).buffer, isWritten: true) }
    if let scratch { written.append(KernelCall.Operand(buffer: scratch, isWritten: true)) }
    append(
      KernelCall(
        name: name, kernel: kernel, parameters: parameters,
        operands: reads.map { KernelCall.Operand(buffer: $0.buffer) } + written, flops: flops,
        location: graph.nodes[results[0].node].location))
  }

  /// [outer, extent, inner] around an axis.
  private func split(_ shape: Shape, at axis: Int) -> (outer: Int64, extent: Int64, inner: Int64) {
    let outer = shape.dimensions.prefix(axis).reduce(1, *)
    let inner = shape.dimensions.suffix(from: axis + 1).reduce(1, *)
    return (Int64(outer), Int64(shape[axis]), Int64(inner))
  }

  private func lowerIndexing(_ value: Value, _ node: Node, _ indexing: Operation.Indexing) {
    let first = type(of: node.inputs[0])
    let indices = type(of: node.inputs[1]).shape
    var parameters = ck_indexing()
    parameters.type = code(first.elementType)
    let name: String
    let kernel: ck_kernel
    switch indexing {
    case .gather(let axis):
      (parameters.outer, parameters.extent, parameters.inner) = split(first.shape, at: axis)
      parameters.count = Int64(indices.count)
      (name, kernel) = ("gather", ck_gather)
    case .gatherElements(let axis):
      (parameters.outer, parameters.extent, parameters.inner) = split(first.shape, at: axis)
      parameters.count = Int64(indices[axis])
      (name, kernel) = ("gather elements", ck_gather_elements)
    case .scatterAdd(let axis, let extent):
      (parameters.outer, parameters.count, parameters.inner) = split(first.shape, at: axis)
      parameters.extent = Int64(extent)
      (name, kernel) = ("scatter-add", ck_scatter_add)
    case .scatterAddElements(let axis, let extent):
      (parameters.outer, parameters.count, parameters.inner) = split(first.shape, at: axis)
      parameters.extent = Int64(extent)
      (name, kernel) = ("scatter-add elements", ck_scatter_add_elements)
    }
    emit(
      "\(name) \(node.outputs[0].shape)", kernel, memory.store(parameters),
      reads: [dense(node.inputs[0]), dense(node.inputs[1])], [value])
  }

  /// Rows added at positions where a product's result lies, which nobody else reads.
  func lowerScatter(_ value: Value, _ node: Node, onto base: Value) {
    guard case .index(.scatterAdd(let axis, let extent)) = node.operation else {
      preconditionFailure("\(node.operation) scatters nothing")
    }
    var parameters = ck_indexing()
    let first = type(of: node.inputs[0])
    parameters.type = code(first.elementType)
    (parameters.outer, parameters.count, parameters.inner) = split(first.shape, at: axis)
    parameters.extent = Int64(extent)
    let target = view(of: base)
    assign(target, to: value)
    append(
      KernelCall(
        name: "scatter-add \(target.shape), in place", kernel: ck_scatter_add_onto,
        parameters: memory.store(parameters),
        operands: node.inputs.map { KernelCall.Operand(buffer: dense($0).buffer) }
          + [KernelCall.Operand(buffer: target.buffer, isWritten: true)],
        location: node.location))
  }

  private func lowerScan(_ value: Value, _ node: Node, _ scan: Operation.Scan) {
    let type = type(of: node.inputs[0])
    var parameters = ck_axis()
    parameters.type = code(type.elementType)
    let name: String
    let kernel: ck_kernel
    switch scan {
    case .argument(let axis, let largest):
      (parameters.outer, parameters.extent, parameters.inner) = split(type.shape, at: axis)
      parameters.flag = largest
      (name, kernel) = ("argument", ck_argument)
    case .argumentSort(let descending):
      (parameters.outer, parameters.extent, parameters.inner) = split(type.shape, at: type.shape.rank - 1)
      parameters.flag = descending
      (name, kernel) = ("argument sort", ck_argument_sort)
    case .cumulativeSum(let axis, let reverse):
      (parameters.outer, parameters.extent, parameters.inner) = split(type.shape, at: axis)
      parameters.flag = reverse
      (name, kernel) = ("cumulative sum", ck_cumulative_sum)
    }
    emit("\(name) \(type.shape)", kernel, memory.store(parameters), reads: [dense(node.inputs[0])], [value])
  }

  private func lowerPool(_ value: Value, _ node: Node, _ pooling: Operation.Pooling) {
    let images: Shape
    let window: Window
    let name: String
    let kernel: ck_kernel
    switch pooling {
    case .argument(let w):
      (window, images, name, kernel) = (w, type(of: node.inputs[0]).shape, "max-pool", ck_pool_argument)
    case .sum(let w): (window, images, name, kernel) = (w, type(of: node.inputs[0]).shape, "sum-pool", ck_sum_pool)
    case .sumGradient(let w, let shape):
      (window, images, name, kernel) = (w, shape, "sum-pool gradient", ck_sum_pool_gradient)
    }
    var parameters = ck_pool()
    parameters.type = code(type(of: node.inputs[0]).elementType)
    (parameters.batch, parameters.height) = (Int64(images[0]), Int64(images[1]))
    (parameters.width, parameters.channels) = (Int64(images[2]), Int64(images[3]))
    (parameters.window_height, parameters.window_width) = (Int64(window.size[0]), Int64(window.size[1]))
    (parameters.stride_height, parameters.stride_width) = (Int64(window.strides[0]), Int64(window.strides[1]))
    (parameters.pad_top, parameters.pad_left) = (Int64(window.paddingLow[0]), Int64(window.paddingLow[1]))
    parameters.output_height = Int64(window.outputExtent(0, of: images[1]))
    parameters.output_width = Int64(window.outputExtent(1, of: images[2]))
    emit("\(name) \(images)", kernel, memory.store(parameters), reads: [dense(node.inputs[0])], [value])
  }

  /// Padding and concatenation copy each part to its place.
  private func lowerAssembly(_ value: Value, _ node: Node, _ assembly: Operation.Assembly) {
    let target = place(value)
    switch assembly {
    case .pad(let low, _, let interior):
      append(
        KernelCall(
          name: "zero \(target.shape)", kernel: ck_zero,
          parameters: memory.store(Int64(buffers[target.buffer].byteCount)),
          operands: [.init(buffer: target.buffer, isWritten: true)]))
      let source = view(of: node.inputs[0])
      if source.shape.count > 0 {
        copy(source, to: target.sliced(low, interior.map { $0 + 1 }, source.shape), name: "pad")
      }
    case .concatenate(let axis):
      var start = 0
      for input in node.inputs {
        let source = view(of: input)
        var starts = [Int](repeating: 0, count: target.shape.rank)
        starts[axis] = start
        if source.shape.count > 0 {
          copy(source, to: target.sliced(starts, starts.map { _ in 1 }, source.shape), name: "concatenate")
        }
        start += source.shape[axis]
      }
    }
  }

  private func lowerComposite(_ composite: Composite, _ index: Int, _ node: Node) {
    let reads = node.inputs.map(dense)
    let results = node.outputs.indices.map { Value(node: index, output: $0) }
    switch composite {
    case .softmaxCrossEntropy:
      lowerCrossEntropy("cross-entropy", ck_cross_entropy_forward, reads, results)
    case .softmaxCrossEntropyGradient:
      lowerCrossEntropy("cross-entropy gradient", ck_cross_entropy_gradient, reads, results)
    case .attention(let causal): lowerAttention("attention", ck_attention_forward, causal, reads, results)
    case .attentionGradient(let causal):
      lowerAttention("attention gradient", ck_attention_gradient, causal, reads, results)
    case .layerNormalization(let epsilon):
      var parameters = layerNorm(reads)
      parameters.epsilon = epsilon
      emit("layer norm \(reads[0].shape)", ck_layer_norm_forward, memory.store(parameters), reads: reads, results)
    case .layerNormalizationGradient:
      var parameters = layerNorm(reads)
      let scratch = newBuffer(bytes: Int(ck_layer_norm_scratch_bytes(&parameters)))
      emit(
        "layer norm gradient \(reads[0].shape)", ck_layer_norm_gradient, memory.store(parameters), reads: reads,
        results,
        scratch: scratch)
      // A row's gradient is written when all of the row's cotangent has been read.
      mayTakeThePlace(of: reads[4], beside: Array(reads.prefix(4)))
    case .groupedAttention:
      lowerGroupedAttention("grouped attention", ck_grouped_attention_forward, reads, results)
    case .groupedAttentionGradient:
      lowerGroupedAttention("grouped attention gradient", ck_grouped_attention_gradient, reads, results)
    case .rootMeanSquareNormalization(let epsilon):
      var parameters = rmsNorm(reads)
      parameters.epsilon = epsilon
      emit("RMS norm \(reads[0].shape)", ck_rms_norm_forward, memory.store(parameters), reads: reads, results)
    case .rootMeanSquareNormalizationGradient:
      var parameters = rmsNorm(reads)
      let scratch = newBuffer(bytes: Int(ck_rms_norm_scratch_bytes(&parameters)))
      emit(
        "RMS norm gradient \(reads[0].shape)", ck_rms_norm_gradient, memory.store(parameters), reads: reads, results,
        scratch: scratch)
      // A row's gradient is written when all of the row's cotangent has been read.
      mayTakeThePlace(of: reads[3], beside: Array(reads.prefix(3)))
    case .orthonormalBasis:
      let (batch, n) = (reads[0].shape[0], reads[0].shape[1])
      let parameters = cb_orthonormal_basis(
        batch: Int64(batch), n: Int64(n), is_single: reads[0].elementType == .float32)
      // Reflections of n columns, and their product.
      emit(
        "orthonormal basis \(reads[0].shape)", cb_orthonormal_basis_run, memory.store(parameters), reads: reads,
        results,
        flops: 8.0 / 3 * Double(batch) * Double(n * n * n))
    }
  }

  private func lowerCrossEntropy(_ name: String, _ kernel: @escaping ck_kernel, _ reads: [View], _ results: [Value]) {
    let shape = reads[0].shape
    let parameters = memory.store(ck_cross_entropy(rows: Int64(shape[0]), classes: Int64(shape[1])))
    emit("\(name) \(shape)", kernel, parameters, reads: reads, results)
  }

  private func lowerAttention(
    _ name: String, _ kernel: @escaping ck_kernel, _ causal: Bool, _ reads: [View], _ results: [Value]
  ) {
    let shape = reads[0].shape
    let parameters = ck_attention(
      batch: Int64(shape[0]), time: Int64(shape[1]), heads: Int64(shape[3]), width: Int64(shape[4]), causal: causal)
    emit(
      "\(name) \(shape)", kernel, memory.store(parameters), reads: reads, results,
      flops: attentionFlops(
        shape[0] * shape[3], time: shape[1], width: shape[4], causal, products: reads.count == 1 ? 2 : 4))
  }

  /// Operations of an attention's two products, or of the four of its gradient, each of them over pairs of positions of which one sees
  /// the other. Scores that the gradient computes again do not count.
  private func attentionFlops(_ items: Int, time: Int, width: Int, _ causal: Bool, products: Int) -> Double {
    let pairs = Double(time) * Double(causal ? time + 1 : 2 * time) / 2
    return 2 * Double(items) * pairs * Double(width) * Double(products)
  }

  private func layerNorm(_ reads: [View]) -> ck_layer_norm {
    ck_layer_norm(rows: Int64(reads[0].shape[0]), width: Int64(reads[0].shape[1]), epsilon: 0)
  }

  private func lowerGroupedAttention(
    _ name: String, _ kernel: @escaping ck_kernel, _ reads: [View], _ results: [Value]
  ) {
    let (queries, keys) = (reads[0].shape, reads[1].shape)
    let parameters = ck_grouped_attention(
      batch: Int64(queries[0]), time: Int64(queries[1]), heads: Int64(queries[2]), key_heads: Int64(keys[2]),
      width: Int64(queries[3]))
    emit(
      "\(name) \(queries)", kernel, memory.store(parameters), reads: reads, results,
      flops: attentionFlops(
        queries[0] * queries[2], time: queries[1], width: queries[3], true, products: reads.count == 3 ? 2 : 4))
  }

  private func rmsNorm(_ reads: [View]) -> ck_rms_norm {
    ck_rms_norm(rows: Int64(reads[0].shape[0]), width: Int64(reads[0].shape[1]), epsilon: 0)
  }
}
