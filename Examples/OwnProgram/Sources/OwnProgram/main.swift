import Descent
import DescentCommands

// All that the program descent does, with a loss, a network and a transformation more.
DescentProgram.main {
  try LossKind.register(biweight)
  try ModelKind.register(Gated.kind)
  try TransformationKind.register(Normalized.kind)
}
