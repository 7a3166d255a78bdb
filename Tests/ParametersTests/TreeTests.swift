import Compilation
import Parameters
import Testing

@Suite struct TreeTests {
  @Test func pathsAreSortedAndFound() {
    var tree = Tree(["b": 2, "a/x": 1, "c": 3])
    #expect(tree.paths == ["a/x", "b", "c"] && tree["b"] == 2 && tree["d"] == nil)
    tree["bb"] = 5
    tree["c"] = nil
    #expect(tree.paths == ["a/x", "b", "bb"] && tree.leaves == [1, 2, 5])
    #expect(tree.prefixed("p").subtree("p") == tree)
    #expect(tree.subtree("a").paths == ["x"])
    #expect(tree.merging(Tree(["z": 9])).count == 4)
    #expect(tree.filter { $1 > 1 }.paths == ["b", "bb"])
  }

  /// In whatever order leaves are given, they stand by their paths.
  @Test func leavesFollowTheirPaths() {
    let items = [(path: "a", leaf: 1), (path: "b", leaf: 2), (path: "b/c", leaf: 3), (path: "d", leaf: 4)]
    let sorted = Tree(items)
    #expect(sorted.paths == ["a", "b", "b/c", "d"] && sorted.leaves == [1, 2, 3, 4])
    for turn in 0..<4 {
      let turned = items[turn...] + items[..<turn]
      #expect(Tree(Array(turned)) == sorted && Tree(turned.reversed()) == sorted)
    }
    let literal: Tree<Int> = ["d": 4, "a": 1, "b/c": 3, "b": 2]
    #expect(literal == sorted && Tree<Int>([(path: String, leaf: Int)]()).isEmpty)
  }

  @Test func hessianProductsWithoutTheHessian() throws {
    let program = try Program(inputs: [TensorType([2], .float64), TensorType([], .float64)]) { graph, x in
      let point = Parameters(Tree(["a": x[0], "b": x[1]]))
      let loss = (point["a"]!.squared.sum() * point["b"]!) + pow(point["b"]!, 3)
      let direction = Updates(Tree(["a": graph.constant(NDArray([1.0, 2.0])), "b": graph.constant(NDArray(3.0))]))
      let product = hessianProduct(of: loss, at: point, along: direction)
      return product.tree.leaves + [dot(direction, direction), point.moved(by: direction)["b"]!]
    }
    // H = [[2b, 0, 2a1], [0, 2b, 2a2], [2a1, 2a2, 6b]] at a = (1, 2), b = 5.
    let results = try program.run([NDArray([1.0, 2.0]), NDArray(5.0)])
    #expect(results[0].doubles == [10 + 6, 20 + 12])
    #expect(results[1].item == 2 + 8 + 90)
    #expect(results[2].item == 14 && results[3].item == 8)
  }
}
