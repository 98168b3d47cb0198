"""The networks in C++ (`src`), a library that is compiled when the package is installed."""
