import Arrays
import CKernels
import Foundation
import Parameters

/// The blocks of a decoder on stored weights.
struct StoredDecoder: Sendable {
  private struct Norm: Sendable {
    var scale: [Float]
    var shift: [Float]
  }

  private struct Block: Sendable {
    var attentionNorm: Norm
    var feedForwardNorm: Norm
    var projections: [DecoderMatrix: StoredProjection]
  }

  private let configuration: DecoderConfiguration
  private let layout: Rotary.Layout
  private let embedding: StoredWeight
  private let positions: StoredWeight?
  private let blocks: [Block]
  private let norm: Norm
  private let head: StoredProjection

  init(_ model: PretrainedModel, adapter: LowRankAdapter?, factors: Tree<NDArray>) throws {
    let (c, stored) = (model.configuration, model.stored)
    configuration = c
    layout = stored.rotaryLayout
    func weight(_ path: String) throws -> StoredWeight {
      guard let weight = stored.weights[path] else { throw LanguageModelError("the model has no weights for \(path)") }
      return weight
    }
    func norm(_ path: String) throws -> Norm {
      Norm(
        scale: try weight(path + "/scale").array.floats,
        shift: c.norm == .layer ? try weight(path + "/shift").array.floats : [])
    }
    if let adapter { try AdapterFile.check(factors, adapter, c) }
    func factor(_ path: String, rowOrder: [Int]? = nil) -> StoredWeight? {
      // Stored as [inputs, outputs] in the layer; rows of outputs here, in the order of the file's rows.
      factors[path].map { array in
        let rows = StoredWeight(array).transposedArray()
        guard let rowOrder else { return StoredWeight(rows) }
        var inverse = rowOrder
        for (position, row) in rowOrder.enumerated() { inverse[row] = position }
        return StoredWeight(rows.rows(at: inverse))
      }
    }
    embedding = try weight("tokens/weight")
    positions = c.rotary == nil ? try weight("positions/weight") : nil
    blocks = try (0..<c.layers).map { index in
      var projections: [DecoderMatrix: StoredProjection] = [:]
      for matrix in DecoderMatrix.all(in: c) {
        let path = "block\(index)/\(matrix.rawValue)"
        var own: StoredProjection.Adapter?
        if let adapter, let a = factor(path + "/" + LowRankAdapter.names.a),
          let b = factor(
            path + "/" + LowRankAdapter.names.b, rowOrder: stored.rowOrder(path + "/weight", c))
        {
          own = .init(a: a, b: b, scale: Float(adapter.scale))
        }
        projections[matrix] = StoredProjection(
          weight: try weight(path + "/weight"),
          bias: matrix.hasBias(in: c) ? try weight(path + "/bias").array.floats : [], adapter: own)
      }
      return Block(
        attentionNorm: try norm("block\(index)/attentionNorm"),
        feedForwardNorm: try norm("block\(index)/feedForwardNorm"), projections: projections)
    }
    self.norm = try norm("norm")
    head = StoredProjection(weight: c.hasTiedHead ? embedding : try weight("head/weight"), bias: [], adapter: nil)
  }

  /// Runs new tokens; their keys and values go into the cache, which has room.
  ///
  /// - Returns: the logits after the last, or nothing where they are not wanted.
  func run(_ tokens: [Int32], from start: Int, _ cache: KeyValueCache, wantsLogits: Bool) -> [Float] {
    let (c, n) = (configuration, tokens.count)
    let work = DecoderWorkspace(c, tokens: n)
    let x = work.hidden
    for (t, token) in tokens.enumerated() { embed(Int(token), start + t, x + t * c.width) }
    let angles = c.rotary.map { RotaryAngles($0, headWidth: c.headWidth, from: start, count: n) }
    for (index, block) in blocks.enumerated() {
      normalise(x, n, block.attentionNorm, to: work.normal)
      let keys = cache.keys(index) + start * cache.width
      let values = cache.values(index) + start * cache.width
      StoredProjection.apply(
        [
          (block.projections[.query]!, work.query), (block.projections[.key]!, keys),
          (block.projections[.value]!, values),
        ], work.normal, tokens: n)
      if let angles {
        angles.turn(work.query, heads: c.heads, layout)
        angles.turn(keys, heads: c.keyHeads, layout)
      }
      var shape = ck_cached_attention(
        tokens: Int64(n), start: Int64(start), heads: Int64(c.heads), key_heads: Int64(c.keyHeads),
        width: Int64(c.headWidth))
      ck_cached_attention_run(&shape, work.query, cache.keys(index), cache.values(index), work.mixed)
      block.projections[.output]!.apply(work.mixed, tokens: n, to: work.normal)
      for i in 0..<n * c.width { x[i] += work.normal[i] }
      normalise(x, n, block.feedForwardNorm, to: work.normal)
      var between = work.up
      if c.feedForward == .swiGLU {
        StoredProjection.apply(
          [(block.projections[.up]!, work.up), (block.projections[.gate]!, work.gate)], work.normal, tokens: n)
        ck_gate_by_silu(work.gate, work.up, Int64(n * c.feedForwardWidth))
        between = work.gate
      } else {
        block.projections[.up]!.apply(work.normal, tokens: n, to: work.up)
        ck_tanh_gelu(work.up, Int64(n * c.feedForwardWidth))
      }
      block.projections[.down]!.apply(between, tokens: n, to: work.normal)
      for i in 0..<n * c.width { x[i] += work.normal[i] }
    }
    guard wantsLogits else { return [] }
    normalise(x + (n - 1) * c.width, 1, norm, to: work.normal)
    return [Float](unsafeUninitializedCapacity: c.vocabulary) { buffer, count in
      head.apply(work.normal, tokens: 1, to: buffer.baseAddress!)
      count = c.vocabulary
    }
  }

  private func embed(_ token: Int, _ position: Int, _ x: UnsafeMutablePointer<Float>) {
    let width = configuration.width
    func read(_ weight: StoredWeight, _ row: Int, _ target: UnsafeMutablePointer<Float>) {
      let bytes = weight.bytes.count / weight.shape[0]
      ck_weights_decode(weight.encoding.kernelType, weight.bytes.baseAddress! + row * bytes, Int64(width), target)
    }
    read(embedding, token, x)
    guard let positions else { return }
    withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { row in
      read(positions, position, row.baseAddress!)
      for i in 0..<width { x[i] += row[i] }
    }
  }

  private func normalise(
    _ x: UnsafePointer<Float>, _ rows: Int, _ norm: Norm, to y: UnsafeMutablePointer<Float>
  ) {
    let c = configuration
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * rows) { scratch in
      norm.scale.withUnsafeBufferPointer { scale in
        norm.shift.withUnsafeBufferPointer { shift in
          func raw(_ pointer: UnsafePointer<Float>?) -> UnsafeMutableRawPointer? {
            UnsafeMutableRawPointer(mutating: pointer)
          }
          let first = scratch.baseAddress!
          switch c.norm {
          case .rootMeanSquare:
            var shape = ck_rms_norm(rows: Int64(rows), width: Int64(c.width), epsilon: c.normEpsilon)
            let operands = [raw(x), raw(scale.baseAddress), UnsafeMutableRawPointer(y), UnsafeMutableRawPointer(first)]
            ck_rms_norm_forward(&shape, operands)
          case .layer:
            var shape = ck_layer_norm(rows: Int64(rows), width: Int64(c.width), epsilon: c.normEpsilon)
            let operands = [
              raw(x), raw(scale.baseAddress), raw(shift.baseAddress), UnsafeMutableRawPointer(y),
              UnsafeMutableRawPointer(first), UnsafeMutableRawPointer(first + rows),
            ]
            ck_layer_norm_forward(&shape, operands)
          }
        }
      }
    }
  }
}

/// Memory for one run of a decoder.
private final class DecoderWorkspace {
  let hidden: UnsafeMutablePointer<Float>
  let normal: UnsafeMutablePointer<Float>
  let query: UnsafeMutablePointer<Float>
  let mixed: UnsafeMutablePointer<Float>
  let up: UnsafeMutablePointer<Float>
  let gate: UnsafeMutablePointer<Float>
  private let storage: Storage

  init(_ c: DecoderConfiguration, tokens: Int) {
    // A whole number of cache lines each.
    let sizes = [
      c.width, c.width, c.heads * c.headWidth, c.heads * c.headWidth, c.feedForwardWidth, c.feedForwardWidth,
    ]
    .map { ($0 * tokens + 15) / 16 * 16 }
    storage = Storage(byteCount: 4 * sizes.reduce(0, +))
    var next = storage.pointer.assumingMemoryBound(to: Float.self)
    let starts = sizes.map { size in
      defer { next += size }
      return next
    }
    (hidden, normal, query, mixed, up, gate) = (starts[0], starts[1], starts[2], starts[3], starts[4], starts[5])
  }
}

/// Cosines and sines of a run of positions.
private struct RotaryAngles {
  private let cosines: [Float]
  private let sines: [Float]
  private let width: Int
  private let count: Int

  init(_ rotary: Rotary, headWidth: Int, from start: Int, count: Int) {
    let frequencies = rotary.frequencies(headWidth: headWidth)
    let angles = (0..<count).flatMap { t in frequencies.map { Double(start + t) * $0 } }
    cosines = angles.map { Float(cos($0)) }
    sines = angles.map { Float(sin($0)) }
    (width, self.count) = (headWidth, count)
  }

  func turn(_ x: UnsafeMutablePointer<Float>, heads: Int, _ layout: Rotary.Layout) {
    ck_rotate_pairs(x, Int64(count), Int64(heads), Int64(width), layout == .adjacent, cosines, sines)
  }
}
