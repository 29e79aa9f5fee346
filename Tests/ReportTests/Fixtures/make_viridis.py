"""The table of matplotlib's viridis as Swift, and what matplotlib draws for some shares as JSON.
usage, from the root of the package: make_viridis.py Sources/Report/Pictures/ViridisTable.swift Tests/ReportTests/Fixtures/viridis.json"""
import json, sys
import matplotlib, numpy

map = matplotlib.colormaps["viridis"]
colors = [f"0x{r:02X}{g:02X}{b:02X}" for r, g, b, _ in map(numpy.arange(256), bytes=True).tolist()]
rows = [", ".join(colors[start : start + 10]) for start in range(0, 256, 10)]
with open(sys.argv[1], "w") as file:
    file.write("/// Made by Tests/ReportTests/Fixtures/make_viridis.py: the bytes that matplotlib draws.\n")
    file.write("let viridisTable: [UInt32] = [\n    " + ",\n    ".join(rows) + ",\n]\n")

edges = [numpy.float32(i / 256) for i in (1, 2, 77, 128, 200, 255)]
shares = [numpy.float32(0), numpy.float32(1), numpy.float32(-0.5), numpy.float32(1.5), numpy.float32(0.3)]
shares += edges + [numpy.nextafter(edge, numpy.float32(0)) for edge in edges] + [numpy.nextafter(numpy.float32(1), numpy.float32(0))]
samples = [{"share": float(share), "rgb": [int(c) for c in map(numpy.array([share]), bytes=True)[0][:3]]} for share in shares]
with open(sys.argv[2], "w") as file:
    json.dump(samples, file)
    file.write("\n")
