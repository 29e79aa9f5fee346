// swift-tools-version: 6.1
import PackageDescription

// The pkg-config file of MPI. Debian has one for whichever MPI is the system's; elsewhere MPI_PKG names that of the
// library: ompi-c, mpich.
#if os(macOS)
    let usualMPI = "ompi-c"
#else
    let usualMPI = "mpi"
#endif
let mpi = Context.environment["MPI_PKG"].flatMap { $0.isEmpty ? nil : $0 } ?? usualMPI

let package = Package(
    name: "lora-train",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "LoRATrain", targets: ["LoRATrain"]),
        .executable(name: "lora-train", targets: ["lora-train"]),
    ],
    traits: [
        .default(enabledTraits: ["OpenBLAS", "OneDNN", "Oniguruma"]),
        .trait(
            name: "OpenBLAS",
            description: "Matrix products by the system's OpenBLAS; without any library our own kernel serves."),
        .trait(
            name: "OneDNN",
            description: "Matrix products by the system's oneDNN: bfloat16 in hardware, weights packed once."),
        .trait(
            name: "Oniguruma",
            description: "Tokenizers with any regular expression, by the system's Oniguruma; without it those of the usual models."),
        .trait(
            name: "MPI",
            description: "Training on several processes and machines, by the system's Open MPI or MPICH."),
    ],
    targets: [
        // Numbers: storage, autodiff, operations, matmul backends, tensor files.
        .systemLibrary(
            name: "COpenBLAS", path: "Sources/Tensor/COpenBLAS", pkgConfig: "openblas",
            providers: [.apt(["libopenblas-dev"]), .brew(["openblas"])]),
        .systemLibrary(
            name: "COneDNN", path: "Sources/Tensor/COneDNN",
            providers: [.apt(["libdnnl-dev"]), .brew(["onednn"])]),
        .systemLibrary(
            name: "CZlib", path: "Sources/Tensor/CZlib", pkgConfig: "zlib",
            providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .target(
            name: "CKernels", path: "Sources/Tensor/CKernels",
            linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))]),
        .target(
            name: "Tensor",
            dependencies: [
                "CKernels", "CZlib",
                .target(name: "COpenBLAS", condition: .when(traits: ["OpenBLAS"])),
                .target(name: "COneDNN", condition: .when(traits: ["OneDNN"])),
            ],
            exclude: ["CKernels", "COneDNN", "COpenBLAS", "CZlib"]),
        // The MiniMind transformer.
        .target(name: "Model", dependencies: ["Tensor"]),
        // Low-rank adapters.
        .target(name: "LoRA", dependencies: ["Tensor", "Model"]),
        // Words: tokenizer, chat template, samples.
        .systemLibrary(
            name: "COniguruma", path: "Sources/Data/COniguruma", pkgConfig: "oniguruma",
            providers: [.apt(["libonig-dev"]), .brew(["oniguruma"])]),
        .target(
            name: "Data",
            dependencies: ["Tensor", .target(name: "COniguruma", condition: .when(traits: ["Oniguruma"]))],
            exclude: ["COniguruma"]),
        // Time: trainer, optimizer, schedule, metrics.
        .systemLibrary(
            name: "CMPI", path: "Sources/Training/CMPI", pkgConfig: mpi,
            providers: [.apt(["libopenmpi-dev", "openmpi-bin"]), .brew(["open-mpi"])]),
        .target(
            name: "Training",
            dependencies: [
                "CKernels", "Tensor", "Model", "LoRA", "Data",
                .target(name: "CMPI", condition: .when(traits: ["MPI"])),
            ],
            exclude: ["CMPI"]),
        // What a run was like: pictures of adapters, curves, the page.
        .target(name: "Report", dependencies: ["CZlib", "Tensor", "Model", "LoRA", "Training"]),
        // All of it by one import.
        .target(name: "LoRATrain", dependencies: ["Tensor", "Model", "LoRA", "Data", "Training", "Report"]),
        .target(name: "CProcess", path: "Sources/lora-train/CProcess"),
        .executableTarget(
            name: "lora-train", dependencies: ["CProcess", "Tensor", "Model", "LoRA", "Data", "Training", "Report"],
            exclude: ["CProcess"]),
        // Reads mutated files in processes of its own; Tests/Fuzz/README.md.
        .executableTarget(
            name: "fuzz", dependencies: ["Tensor", "Model", "LoRA", "Data", "SanitizerSupport"], path: "Tests/Fuzz",
            exclude: ["Corpus", "README.md", "make_corpus.py"]),
        .target(name: "SanitizerSupport", path: "Tests/Sanitizers", exclude: ["leaks.supp"]),
        .target(name: "TestSupport", dependencies: ["CZlib", "SanitizerSupport", "Tensor", "Model"], path: "Tests/TestSupport"),
        .testTarget(name: "TensorTests", dependencies: ["Tensor", "TestSupport"], exclude: ["Fixtures"]),
        .testTarget(name: "ModelTests", dependencies: ["Tensor", "Model", "TestSupport"], exclude: ["Fixtures"]),
        .testTarget(name: "LoRATests", dependencies: ["Tensor", "Model", "LoRA", "TestSupport"], exclude: ["Fixtures"]),
        .testTarget(name: "DataTests", dependencies: ["Tensor", "Data", "TestSupport"], exclude: ["Fixtures"]),
        .testTarget(
            name: "TrainingTests",
            dependencies: ["Tensor", "Model", "LoRA", "Data", "Training", "TestSupport"], exclude: ["Fixtures"]),
        .testTarget(
            name: "ReportTests",
            dependencies: ["Tensor", "Model", "LoRA", "Training", "Report", "TestSupport"], exclude: ["Fixtures"]),
        // The documents: their Swift, their links, and the order of the layers that they draw.
        .testTarget(name: "DocumentTests", dependencies: ["LoRATrain", "TestSupport"]),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["lora-train", "fuzz", "Tensor", "Model", "LoRA", "Data", "Training", "Report", "TestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)
