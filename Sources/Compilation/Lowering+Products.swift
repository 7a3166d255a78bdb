import CKernels
import COneDNN
import COpenBLAS
import Graphs

extension Lowering {
  /// A product, perhaps with what it absorbed and what follows it; `value` is where the result goes, `node` the product itself.
  func lowerProduct(
    _ value: Value, _ node: Node, _ extra: Absorption.Extra? = nil, _ follower: Absorption.Follower? = nil
  ) {
    var (a, b) = (view(of: node.inputs[0]), view(of: node.inputs[1]))
    var type = node.outputs[0]
    let (m, n, k) = (type.shape[-2], type.shape[-1], a.shape[-1])
    let batch = type.shape.count / max(m * n, 1)
    var name = "matmul \(batch > 1 ? "\(batch)x" : "")\(m)x\(k)x\(n)"
    guard type.shape.count > 0, k > 0 else {
      emit(name, ck_zero, memory.store(Int64(type.shape.count * type.elementType.byteCount)), reads: [], [value])
      return
    }
    let flops = 2 * Double(type.shape.count) * Double(k)
    if type.shape.rank > Int(CD_MAX_RANK) {
      // Many batch axes are one.
      (a, b) = (withOneBatchAxis(a, batch), withOneBatchAxis(b, batch))
      type = TensorType([batch, m, n], type.elementType)
    }
    if type.elementType == .float64 {
      let parameters = cb_matmul(a: wideView(a), b: wideView(b), c: wideView(.dense(0, type)), accumulate: false)
      emitProduct(name, cb_matmul_run, memory.store(parameters), a, b, nil, value, scratch: 0, flops)
      return
    }
    let c = View.dense(0, type)
    var third: View?
    switch extra {
    case .accumulate(let addend, _): (third, name) = (dense(addend), name + ", accumulated")
    case .bias(let bias): (third, name) = (dense(bias), name + ", bias")
    case nil: break
    }
    // The library shares rows among threads and treats the last ones otherwise: a row's bits depend on its place there.
    if flops < Self.smallestLibraryProduct || keepsRowsApart, type.shape.rank == 2 {
      let parameters = memory.store(ownProduct(a, b, extra))
      emitProduct(name, ck_product_run, parameters, a, b, third, value, scratch: 0, flops)
      if case .accumulate = extra, let third { mayTakeThePlace(of: third, beside: [a, b]) }
      return
    }
    if isOwnFaster(m, b) {
      if type.shape.rank != 2 { (a, b) = (withOneBatchAxis(a, batch), withOneBatchAxis(b, batch)) }
      var shape = ck_blocked_product()
      shape.each = ownProduct(a, b, extra)
      shape.batch = Int64(batch)
      if a.shape.rank == 3 { (shape.a_step, shape.b_step) = (Int64(a.strides[0]), Int64(b.strides[0])) }
      guard let follower, let third else {
        emitProduct(name, ck_blocked_product_run, memory.store(shape), a, b, third, value, scratch: 0, flops)
        if case .accumulate = extra, let third { mayTakeThePlace(of: third, beside: [a, b]) }
        return
      }
      shape.has_follower = 1
      let (argument, factor) = (dense(follower.argument), self.factor(follower))
      emitProduct(
        name + ", followed", ck_blocked_product_run, memory.store(shape), a, b, third, value, scratch: 0, flops,
        [
          .init(buffer: factor.buffer, byteOffset: factor.offset * factor.elementType.byteCount),
          .init(buffer: argument.buffer), .init(buffer: place(Value(node: follower.sum)).buffer, isWritten: true),
        ])
      mayTakeThePlace(of: third, beside: [a, b, argument, factor])
      mayTakeThePlace(of: argument, beside: [a, b, third, factor], isLast: true)
      return
    }
    var operation = product(a, b, c, extra)
    if operation == nil {
      // The library takes only matrices with one unit stride.
      (a, b) = (copied(a), copied(b))
      operation = product(a, b, c, extra)
    }
    guard let operation else { return refuse(name, value) }
    memory.onRelease { cd_operation_free(operation) }
    emitProduct(
      name, cd_run, UnsafeRawPointer(operation), a, b, third, value, scratch: cd_scratch_bytes(operation), flops)
    if case .accumulate = extra, let third { mayTakeThePlace(of: third, beside: [a, b]) }
  }

  /// Whether our own product is faster than the library's where large ones are not ours: on AVX-512 that of a row is, and that with as
  /// few columns or steps as an adapter has, which the library shares and lays out where that takes longer than it saves; and many small
  /// ones at once, each of which is done on the spot.
  private func isOwnFaster(_ m: Int, _ b: View) -> Bool {
    if hasOwnProducts { return true }
    guard ck_instruction_set_in_use() == CK_AVX512 else { return false }
    let (k, n) = (b.shape[-2], b.shape[-1])
    if b.shape.rank > 2 { return 2 * Double(m) * Double(k) * Double(n) < Self.smallestLibraryProduct }
    return m == 1 || n <= Int(CK_THIN) && k <= Int(CK_THIN_STEPS) || k <= Int(CK_THIN)
  }

  private func factor(_ follower: Absorption.Follower) -> View {
    switch follower.factor {
    case .value(let value): return dense(value)
    case .number(let number):
      let array = NDArray(repeating: number, shape: [1], elementType: .float32)
      return View.dense(constantBuffer(array), TensorType([1], .float32))
    }
  }

  /// Operations below which looking up what to do takes a library longer than doing it (measured on one thread: 32 x 64 x 1
  /// takes 1.4 us in oneDNN and 0.2 us here, 32 x 64 x 64 3.4 and 2.6 us).
  static let smallestLibraryProduct = 5e5

  private func ownProduct(_ a: View, _ b: View, _ extra: Absorption.Extra?) -> ck_product {
    var result = ck_product()
    let (row, column) = (a.shape.rank - 2, a.shape.rank - 1)
    (result.m, result.k, result.n) = (Int64(a.shape[row]), Int64(a.shape[column]), Int64(b.shape[column]))
    (result.a_row, result.a_column) = (Int64(a.strides[row]), Int64(a.strides[column]))
    (result.b_row, result.b_column) = (Int64(b.strides[row]), Int64(b.strides[column]))
    switch extra {
    case .accumulate(_, let scale): result.addend_scale = Float(scale)
    case .bias: result.has_bias = 1
    case nil: break
    }
    return result
  }

  private func product(_ a: View, _ b: View, _ c: View, _ extra: Absorption.Extra?) -> OpaquePointer? {
    // Leading batch axes of an unbatched product stay out of the library's sight.
    guard a.shape.rank <= Int(CD_MAX_RANK), takesStrides(a), takesStrides(b) else { return nil }
    var (va, vb, vc) = (narrowView(a), narrowView(b), narrowView(c))
    var scale: Float = 0
    var hasBias = false
    switch extra {
    case .accumulate(_, let factor): scale = Float(factor)
    case .bias: hasBias = true
    case nil: break
    }
    return fromLibrary { cd_matmul_create(&va, &vb, &vc, hasBias, CD_IDENTITY, scale, $0, $1) }
  }

  private func withOneBatchAxis(_ view: View, _ batch: Int) -> View {
    let shape = Shape([batch, view.shape[-2], view.shape[-1]])
    return view.reshaped(to: shape) ?? copied(view).reshaped(to: shape)!
  }

  /// An operation of the library, or nil, its reason being kept.
  private func fromLibrary(_ create: (UnsafeMutablePointer<CChar>, Int) -> OpaquePointer?) -> OpaquePointer? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { text in
      text.initialize(repeating: 0)
      let operation = create(text.baseAddress!, text.count)
      if operation == nil { libraryReason = String(cString: text.baseAddress!) }
      return operation
    }
  }

  /// Passes on why the library does not take an operation.
  private func refuse(_ name: String, _ value: Value) {
    _ = place(value)
    fail("\(name): \(libraryReason)", at: graph.nodes[value.node].location)
  }

  private func takesStrides(_ view: View) -> Bool {
    let (row, column) = (view.strides[view.shape.rank - 2], view.strides[view.shape.rank - 1])
    let (rows, columns) = (view.shape[-2], view.shape[-1])
    guard view.strides.allSatisfy({ $0 >= 0 }) else { return false }
    return (column == 1 || columns == 1) && (row >= columns || rows == 1)
      || (row == 1 || rows == 1) && (column >= rows || columns == 1)
  }

  private func emitProduct(
    _ name: String, _ kernel: @escaping ck_kernel, _ parameters: UnsafeRawPointer, _ a: View, _ b: View,
    _ third: View?, _ value: Value, scratch: Int, _ flops: Double, _ further: [KernelCall.Operand] = []
  ) {
    let bytes = { (view: View) in view.offset * view.elementType.byteCount }
    var operands: [KernelCall.Operand] = [
      .init(buffer: a.buffer, byteOffset: bytes(a)), .init(buffer: b.buffer, byteOffset: bytes(b)),
      .init(buffer: place(value).buffer, isWritten: true),
    ]
    if let third { operands.append(.init(buffer: third.buffer)) }
    operands += further
    if scratch > 0 { operands.append(.init(buffer: newBuffer(bytes: scratch), isWritten: true)) }
    append(
      KernelCall(
        name: name, kernel: kernel, parameters: parameters, operands: operands, flops: flops,
        location: graph.nodes[value.node].location))
  }

  /// Strides for a library, where an axis of extent 1 must not look like an overlap.
  private func librarySafe(_ view: View) -> [Int] {
    let dense = view.shape.denseStrides
    return (0..<view.shape.rank).map { view.shape[$0] == 1 ? max(dense[$0], 1) : view.strides[$0] }
  }

  private func narrowView(_ view: View) -> cd_view {
    var result = cd_view()
    result.rank = Int32(view.shape.rank)
    let strides = librarySafe(view)
    withUnsafeMutableBytes(of: &result.dims) { raw in
      for axis in 0..<view.shape.rank { raw.bindMemory(to: Int64.self)[axis] = Int64(view.shape[axis]) }
    }
    withUnsafeMutableBytes(of: &result.strides) { raw in
      for axis in 0..<view.shape.rank { raw.bindMemory(to: Int64.self)[axis] = Int64(strides[axis]) }
    }
    return result
  }

  private func wideView(_ view: View) -> cb_view {
    let narrow = narrowView(view)
    return cb_view(rank: narrow.rank, dims: narrow.dims, strides: narrow.strides)
  }

  func lowerConvolution(_ value: Value, _ node: Node, _ convolution: Operation.Convolution) {
    var source: Shape
    let weights: Shape
    let destination: Shape
    var window: Window
    let (first, second, result) = (
      type(of: node.inputs[0]).shape, type(of: node.inputs[1]).shape, node.outputs[0].shape
    )
    let direction: String
    switch convolution {
    case .forward(let w): (window, source, weights, destination, direction) = (w, first, second, result, "forward")
    case .dataGradient(let w, _):
      (window, source, weights, destination, direction) = (w, result, second, first, "data gradient")
    case .weightGradient(let w, _):
      (window, source, weights, destination, direction) = (w, first, result, second, "weight gradient")
    }
    var reads = [dense(node.inputs[0]), dense(node.inputs[1])]
    let name = "convolution \(direction) \(source) * \(weights) / \(window.strides[0])"
    let flops = 2 * Double(destination.count) * Double(weights[0] * weights[1] * weights[2])
    if node.outputs[0].elementType == .float32, window.groups == 1, window.dilations == [1, 1] {
      var shape = ownConvolution(wideConvolution(window, source, weights, destination))
      if ck_convolution_is_own(&shape) {
        emitOwn(convolution, &shape, reads.map { KernelCall.Operand(buffer: $0.buffer) }, value, node, name, flops)
        return
      }
    }
    if direction == "weight gradient", weights[0] * weights[1] == 1, window.strides != [1, 1],
      window.paddingLow == [0, 0], source[3] % Self.widestVector != 0
    {
      // A window of one pixel sees only every other pixel. oneDNN 2.6 with AVX2 returns wrong numbers here where the
      // channels fill no vector ("jit_1x1:avx2", 4 channels of 12 x 12 pixels), so it is given those pixels alone.
      source = Shape([source[0], destination[1], destination[2], source[3]])
      reads[0] = copied(reads[0].sliced([0, 0, 0, 0], [1] + window.strides + [1], source))
      window.strides = [1, 1]
    }
    var operands = reads.map { KernelCall.Operand(buffer: $0.buffer) }
    operands.append(.init(buffer: place(value).buffer, isWritten: true))
    let kernel: ck_kernel
    let parameters: UnsafeRawPointer
    let scratch: Int
    if node.outputs[0].elementType == .float64 {
      var shape = wideConvolution(window, source, weights, destination)
      scratch = cb_convolution_scratch_bytes(&shape)
      parameters = memory.store(shape)
      switch convolution {
      case .forward: kernel = cb_convolution_forward_run
      case .dataGradient: kernel = cb_convolution_data_gradient_run
      case .weightGradient: kernel = cb_convolution_weight_gradient_run
      }
    } else {
      let wide = wideConvolution(window, source, weights, destination)
      var shape = unsafeBitCast(wide, to: cd_convolution.self)
      let operation: OpaquePointer?
      switch convolution {
      case .forward:
        operation = fromLibrary { cd_convolution_forward_create(&shape, false, CD_IDENTITY, $0, $1) }
      case .dataGradient: operation = fromLibrary { cd_convolution_data_gradient_create(&shape, $0, $1) }
      case .weightGradient: operation = fromLibrary { cd_convolution_weight_gradient_create(&shape, $0, $1) }
      }
      guard let operation else { return refuse(name, value) }
      memory.onRelease { cd_operation_free(operation) }
      if cd_uses_library_threads(operation) { usesLibraryThreads = true }
      (kernel, parameters, scratch) = (cd_run, UnsafeRawPointer(operation), cd_scratch_bytes(operation))
    }
    if scratch > 0 { operands.append(.init(buffer: newBuffer(bytes: scratch), isWritten: true)) }
    append(
      KernelCall(
        name: name, kernel: kernel, parameters: parameters, operands: operands, flops: flops, location: node.location))
  }

  private func ownConvolution(_ c: cb_convolution) -> ck_convolution {
    ck_convolution(
      batch: c.batch, height: c.height, width: c.width, channels: c.channels, kernel_height: c.kernel_height,
      kernel_width: c.kernel_width, features: c.features, stride_height: c.stride_height,
      stride_width: c.stride_width, pad_top: c.pad_top, pad_left: c.pad_left, output_height: c.output_height,
      output_width: c.output_width)
  }

  private func emitOwn(
    _ convolution: Operation.Convolution, _ shape: inout ck_convolution, _ reads: [KernelCall.Operand], _ value: Value,
    _ node: Node, _ name: String, _ flops: Double
  ) {
    let (kernel, scratch): (ck_kernel, Int) =
      switch convolution {
      case .forward: (ck_convolution_forward, ck_convolution_forward_scratch_bytes(&shape))
      case .dataGradient: (ck_convolution_data_gradient, ck_convolution_data_gradient_scratch_bytes(&shape))
      case .weightGradient: (ck_convolution_weight_gradient, ck_convolution_weight_gradient_scratch_bytes(&shape))
      }
    let written = KernelCall.Operand(buffer: place(value).buffer, isWritten: true)
    let space = KernelCall.Operand(buffer: newBuffer(bytes: max(scratch, 64)), isWritten: true)
    append(
      KernelCall(
        name: name, kernel: kernel, parameters: memory.store(shape), operands: reads + [written, space], flops: flops,
        location: node.location))
  }

  /// Numbers in the widest vector of any processor.
  private static let widestVector = 16

  private func wideConvolution(_ w: Window, _ source: Shape, _ weights: Shape, _ destination: Shape) -> cb_convolution {
    var c = cb_convolution()
    (c.batch, c.height, c.width, c.channels) = (Int64(source[0]), Int64(source[1]), Int64(source[2]), Int64(source[3]))
    (c.kernel_height, c.kernel_width) = (Int64(weights[0]), Int64(weights[1]))
    (c.features, c.groups) = (Int64(weights[3]), Int64(w.groups))
    (c.stride_height, c.stride_width) = (Int64(w.strides[0]), Int64(w.strides[1]))
    (c.dilation_height, c.dilation_width) = (Int64(w.dilations[0]), Int64(w.dilations[1]))
    (c.pad_top, c.pad_left) = (Int64(w.paddingLow[0]), Int64(w.paddingLow[1]))
    (c.output_height, c.output_width) = (Int64(destination[1]), Int64(destination[2]))
    // Rows and columns after the last window do not count.
    let needed = { (outputs: Int64, stride: Int64, size: Int64, dilation: Int64, extent: Int64, low: Int64) in
      (outputs - 1) * stride + (size - 1) * dilation + 1 - extent - low
    }
    c.pad_bottom = needed(c.output_height, c.stride_height, c.kernel_height, c.dilation_height, c.height, c.pad_top)
    c.pad_right = needed(c.output_width, c.stride_width, c.kernel_width, c.dilation_width, c.width, c.pad_left)
    return c
  }
}
