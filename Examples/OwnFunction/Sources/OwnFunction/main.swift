import Descent

// A function of one's own is minimised by three methods: here Rosenbrock's, in ten dimensions.
let n = 10
let start = (0..<n).map { $0 % 2 == 0 ? -1.2 : 1 }
let methods = ["momentum 0.9 | rate 0.0001", "adam | rate 0.03", "linesearch trials=16 (momentum 0.9 | rate 0.05)"]
let looks = [0, 10, 100, 1000, 5000]

let columns = try methods.map { method in
  let step = try descent(on: rosenbrock, from: start, by: method)
  let values = try (0...looks.last!).map { _ in try step.advance()[0] }
  return looks.map { values[$0] }
}
let rows = looks.indices.map { look in ["\(looks[look])"] + columns.map { Report.number($0[look]) } }
print(TextTable(header: ["updates"] + methods, rows: rows).text(width: 120))

// Derivatives of any order are there too. Newton's method makes steps that solve: Hessian times step = gradient.
let program = try expansion(of: rosenbrock, dimension: n)
var (point, steps) = (start, 0)
var found = try program.run([NDArray(point)])
while found[0].item > 1e-20, steps < 100 {
  let step = try LinearAlgebra.solve(found[2], found[1].reshaped(to: [n, 1])).doubles
  point = zip(point, step).map { $0 - $1 }
  found = try program.run([NDArray(point)])
  steps += 1
}
print("\nNewton's method: \(Report.number(found[0].item)) after \(steps) steps")

// The shape of the valley where it is lowest: eigenvalues of the Hessian.
let hessian = try program.run([NDArray([Double](repeating: 1, count: n))])[2]
let curvatures = try LinearAlgebra.symmetricEigen(of: hessian).values.doubles
print("curvatures at the minimum: " + curvatures.map { Report.number($0) }.joined(separator: ", "))
