// Element-by-element comparison and logic, pointed like SIMD's, so that `==` keeps its usual meaning.
infix operator .& : LogicalConjunctionPrecedence
infix operator .| : LogicalDisjunctionPrecedence
