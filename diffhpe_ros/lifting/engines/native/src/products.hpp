// Matrix products C = [C +] bias + A B of matrices that fit in the cache.
#pragma once

#include "vectors.hpp"

// Part of C that is held in registers: rows, and vectors per row.
#if defined(__AVX512F__)  // 32 registers, and factors can be read from memory
constexpr int ROWS = 7, TILE = 4;
#elif defined(__aarch64__)  // 32 registers
constexpr int ROWS = 6, TILE = 4;
#else  // 16 registers
constexpr int ROWS = 6, TILE = 2;
#endif

// A row-major matrix with its row stride.
struct Matrix {
    const float *data;
    long row;
};

template <int R, int V, bool ADD>
INLINE void tile(Matrix a, Matrix b, float *c, long c_row, int depth, const float *bias) {
    Vector sums[R][V];
    for (int v = 0; v < V; ++v)
        for (int r = 0; r < R; ++r) {
            sums[r][v] = bias ? load(bias + v * WIDTH) : Vector{};
            if (ADD) sums[r][v] += load(c + r * c_row + v * WIDTH);
        }
    for (int k = 0; k < depth; ++k) {
        Vector row[V];
        for (int v = 0; v < V; ++v) row[v] = load(b.data + k * b.row + v * WIDTH);
        for (int r = 0; r < R; ++r)
            for (int v = 0; v < V; ++v) sums[r][v] += a.data[r * a.row + k] * row[v];
    }
    for (int r = 0; r < R; ++r)
        for (int v = 0; v < V; ++v) store(c + r * c_row + v * WIDTH, sums[r][v]);
}

template <int V, bool ADD>
INLINE void strip(Matrix a, Matrix b, float *c, long c_row, int rows, int depth,
                  const float *bias) {
    for (; rows >= ROWS; rows -= ROWS, a.data += ROWS * a.row, c += ROWS * c_row)
        tile<ROWS, V, ADD>(a, b, c, c_row, depth, bias);
    switch (rows) {  // the remaining rows
    case 6: return tile<6, V, ADD>(a, b, c, c_row, depth, bias);
    case 5: return tile<5, V, ADD>(a, b, c, c_row, depth, bias);
    case 4: return tile<4, V, ADD>(a, b, c, c_row, depth, bias);
    case 3: return tile<3, V, ADD>(a, b, c, c_row, depth, bias);
    case 2: return tile<2, V, ADD>(a, b, c, c_row, depth, bias);
    case 1: return tile<1, V, ADD>(a, b, c, c_row, depth, bias);
    }
}

// A (rows, depth), B (depth, columns), C (rows, columns), columns a multiple of WIDTH; bias
// (columns,) or none.
template <bool ADD>
void multiply(Matrix a, Matrix b, float *c, long c_row, int rows, int depth, int columns,
              const float *bias = nullptr) {
    while (columns > 0) {
        const bool whole = columns >= TILE * WIDTH;
        if (whole)
            strip<TILE, ADD>(a, b, c, c_row, rows, depth, bias);
        else
            strip<1, ADD>(a, b, c, c_row, rows, depth, bias);
        const int done = (whole ? TILE : 1) * WIDTH;
        columns -= done, b.data += done, c += done;
        if (bias) bias += done;
    }
}
