// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "OwnTransformation",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "Descent", path: "../..")],
  targets: [
    .executableTarget(name: "OwnTransformation", dependencies: [.product(name: "Descent", package: "Descent")])
  ]
)
