// MixSTE's trunk, with the weights of `FoldedTrunk`.
#pragma once

#include <cmath>

#include "attention.hpp"
#include "products.hpp"

struct TrunkBlock {
    const float *query_key_value, *query_key_value_bias, *projection, *projection_bias, *hidden,
        *hidden_bias, *output, *output_bias, *norm_gain, *norm_shift;
};

struct TrunkSizes {
    int32_t joints, frames, channels, hidden, blocks;
    float eps, norm_eps;
};

INLINE void normalise(const float *x, float *y, int channels, float eps) {
    Vector sums{}, squares{};
    for (int i = 0; i < channels; i += WIDTH) sums += load(x + i);
    const float mean = sum(sums) / channels;
    for (int i = 0; i < channels; i += WIDTH) {
        const Vector apart = load(x + i) - mean;
        squares += apart * apart;
    }
    const float scale = 1 / std::sqrt(sum(squares) / channels + eps);
    for (int i = 0; i < channels; i += WIDTH) store(y + i, (load(x + i) - mean) * scale);
}

// One window x (joints, frames, channels), in place; temporal (frames, channels) is added after
// the first block.
class Trunk {
public:
    Trunk(const TrunkSizes &size, const TrunkBlock *blocks, const float *temporal)
        : size(size), blocks(blocks), temporal(temporal) {}

    void run(float *x, float *scratch) const {
        for (int b = 0; b < size.blocks; ++b) {
            block(blocks[b], b % 2 == 0, x, scratch);
            if (b == 0) add_temporal(x);
        }
    }

    long scratch() const {
        return (long)size.joints * size.frames * 4 * size.channels +
               (long)size.frames * (size.channels + size.hidden);
    }

private:
    void block(const TrunkBlock &w, bool spatial, float *x, float *scratch) const {
        const int J = size.joints, L = size.frames, C = size.channels, H = size.hidden;
        float *qkv = scratch, *mixed = qkv + J * L * 3 * C, *normed = mixed + J * L * C,
              *hidden = normed + L * C;
        for (int j = 0; j < J; ++j) {
            normalise_rows(x + j * L * C, normed);
            multiply<false>({normed, C}, {w.query_key_value, 3 * C}, qkv + j * L * 3 * C, 3 * C, L,
                            C, 3 * C, w.query_key_value_bias);
        }
        if (spatial)
            for (int l = 0; l < L; ++l) attend(qkv + l * 3 * C, mixed + l * C, J, L, C);
        else
            for (int j = 0; j < J; ++j) attend(qkv + j * L * 3 * C, mixed + j * L * C, L, 1, C);
        for (int j = 0; j < J; ++j) {
            float *rows = x + j * L * C;
            multiply<true>({mixed + j * L * C, C}, {w.projection, C}, rows, C, L, C, C,
                           w.projection_bias);
            normalise_rows(rows, normed);
            multiply<false>({normed, C}, {w.hidden, H}, hidden, H, L, C, H, w.hidden_bias);
            for (int i = 0; i < L * H; i += WIDTH) store(hidden + i, gelu(load(hidden + i)));
            multiply<true>({hidden, H}, {w.output, C}, rows, C, L, H, C, w.output_bias);
            for (int l = 0; l < L; ++l) {
                float *row = rows + l * C;
                normalise(row, row, C, size.norm_eps);
                for (int i = 0; i < C; i += WIDTH)
                    store(row + i, load(row + i) * load(w.norm_gain + i) + load(w.norm_shift + i));
            }
        }
    }

    void normalise_rows(const float *x, float *y) const {
        for (int l = 0; l < size.frames; ++l)
            normalise(x + l * size.channels, y + l * size.channels, size.channels, size.eps);
    }

    void add_temporal(float *x) const {
        const int of_joint = size.frames * size.channels;
        for (int j = 0; j < size.joints; ++j)
            for (int i = 0; i < of_joint; ++i) x[j * of_joint + i] += temporal[i];
    }

    const TrunkSizes &size;
    const TrunkBlock *blocks;
    const float *temporal;
};
