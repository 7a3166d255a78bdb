import Descent
import Foundation

// A transformation of a package of its own stands in chains beside those of Descent: here y = sin 3x is learned with it.
let key = RandomKey(seed: 0)
let x = key.split("x").uniform(count: 256).map { 2 * $0 - 1 }
let curve = Dataset(
  name: "curve", features: .numbers(NDArray(x.map { Float($0) }, shape: [256, 1])),
  targets: .numbers(NDArray(x.map { Float(sin(3 * $0)) }, shape: [256, 1])))

// Known to text, it is read from a chain as the program's options and settings have it.
try TransformationKind.register(QuasiHyperbolic.kind)
let optimizer = try ChainParser.parse("clip 1 | qhm kept=0.98 | rate 0.1")
let trainer = try Trainer(
  model: MLP([1, 32, 1], activation: .tanh), loss: .squaredError, optimizer: optimizer,
  batches: try BatchSequence(curve, batchSize: 32, key: key.split("batches")), key: key.split("training"))

print("\(optimizer)")
for step in 1...800 {
  let loss = try trainer.advance()[0]
  if step == 1 || step % 200 == 0 { print("step \(step): loss \(loss)") }
}
