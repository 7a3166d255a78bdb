// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "OwnExperiment",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "Descent", path: "../..")],
  targets: [
    .executableTarget(name: "OwnExperiment", dependencies: [.product(name: "Descent", package: "Descent")])
  ]
)
