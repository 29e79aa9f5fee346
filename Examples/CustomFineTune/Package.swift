// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "CustomFineTune",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "lora-train", path: "../..")],
    targets: [
        .executableTarget(name: "CustomFineTune", dependencies: [.product(name: "LoRATrain", package: "lora-train")]),
        .executableTarget(name: "Classifier", dependencies: [.product(name: "LoRATrain", package: "lora-train")]),
        .executableTarget(name: "Preferences", dependencies: [.product(name: "LoRATrain", package: "lora-train")]),
    ],
    swiftLanguageModes: [.v6]
)
