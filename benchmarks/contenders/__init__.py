"""The codecs that are compared, one module each; all of them handle the shapes of `benchmarks.shapes`."""
