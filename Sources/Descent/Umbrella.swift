// One import for all rooms of the house.
@_exported import Arrays
@_exported import Compilation
@_exported import Datasets
@_exported import Descending
@_exported import Diagnostics
@_exported import Differentiation
@_exported import Distributed
@_exported import Experiments
@_exported import Formulas
@_exported import Graphs
@_exported import LanguageModels
@_exported import MPIRanks
@_exported import MetaLearning
@_exported import Models
@_exported import MultiObjective
@_exported import Parameters
@_exported import Reinforcement
@_exported import Reports
@_exported import RunLogs
@_exported import SignalRecovery
@_exported import Statistics
@_exported import SystemFiles
@_exported import Theory
@_exported import Training

/// The version of the library and of the program.
public let descentVersion = RunEnvironment.version
