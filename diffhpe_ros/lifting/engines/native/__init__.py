"""The networks in C++: a library that is compiled when the package is installed, in `src`."""
