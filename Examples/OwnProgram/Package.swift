// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "OwnProgram",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "Descent", path: "../..")],
  targets: [
    .executableTarget(
      name: "OwnProgram",
      dependencies: [
        .product(name: "Descent", package: "Descent"), .product(name: "DescentCommands", package: "Descent"),
      ])
  ]
)
