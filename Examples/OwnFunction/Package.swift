// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "OwnFunction",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "Descent", path: "../..")],
  targets: [
    .executableTarget(name: "OwnFunction", dependencies: [.product(name: "Descent", package: "Descent")])
  ]
)
