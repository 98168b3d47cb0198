// The denoiser after its input projection, with the weights of `FoldedDenoiser`.
#pragma once

#include "products.hpp"

struct GraphWeights {
    const float *own, *others, *bias, *neighbours;
};

struct DenoiserBlock {
    GraphWeights time, feature;
    const float *query, *key_value, *key, *key_bias, *value_bias, *non_local_output, *gate,
        *gate_bias, *output;
};

struct DenoiserSizes {
    int32_t joints, frames, channels, inner, blocks;
};

// One sequence: x and skips (joints, frames, channels), both in place; steps (blocks, channels).
class Denoiser {
public:
    Denoiser(const DenoiserSizes &size, const DenoiserBlock *blocks)
        : size(size), blocks(blocks), J(size.joints), L(size.frames), C(size.channels),
          I(size.inner), keys(J / 2) {}

    void run(float *x, float *skips, const float *steps, float *scratch) const {
        for (int b = 0; b < size.blocks; ++b) block(blocks[b], x, skips, steps + b * C, scratch);
    }

    long scratch() const { return (long)J * L * (3 * C + 3 * I + 2) + keys * L + 2 * L * C; }

private:
    void block(const DenoiserBlock &w, float *x, float *skips, const float *step,
               float *scratch) const {
        float *y = scratch, *z = y + J * L * C, *others = z + J * L * C, *added = others + J * L * C,
              *rest = added + J * L * I;
        for (int row = 0; row < J * L; ++row)
            for (int i = 0; i < C; i += WIDTH)
                store(y + row * C + i, load(x + row * C + i) + load(step + i));
        over_time(w.time, y, z, others);
        over_features(w.feature, z, y, others);
        non_local(w, y, added, rest);
        float *gated = rest;
        for (int j = 0; j < J; ++j) {
            const float *rows = y + j * L * C;
            multiply<false>({rows, C}, {w.gate, 2 * C}, gated, 2 * C, L, C, 2 * C, w.gate_bias);
            multiply<true>({added + j * L * I, I}, {w.non_local_output, 2 * C}, gated, 2 * C, L, I,
                           2 * C);
            for (int l = 0; l < L; ++l)
                for (int i = 0; i < C; i += WIDTH) {
                    float *at = gated + l * 2 * C + i;
                    const Vector gate = tanh(load(at)), signal = tanh(load(at + C));
                    store(at, signal + gate * signal);
                }
            multiply<true>({gated, 2 * C}, {w.output, 2 * C}, x + j * L * C, C, L, C, C);
            multiply<true>({gated, 2 * C}, {w.output + C, 2 * C}, skips + j * L * C, C, L, C, C);
        }
    }

    // The graph layer whose features are the frames: its matrices multiply from the left.
    void over_time(const GraphWeights &w, const float *x, float *y, float *others) const {
        for (int j = 0; j < J; ++j) {
            float *rows = y + j * L * C;
            for (int l = 0; l < L; ++l)
                for (int i = 0; i < C; i += WIDTH) store(rows + l * C + i, all(w.bias[l]));
            const Matrix of_joint{x + j * L * C, C};
            multiply<true>({w.own + j * L * L, L}, of_joint, rows, C, L, L, C);
            multiply<false>({w.others + j * L * L, L}, of_joint, others + j * L * C, C, L, L, C);
        }
        mix(w.neighbours, y, others);
    }

    void over_features(const GraphWeights &w, const float *x, float *y, float *others) const {
        for (int j = 0; j < J; ++j) {
            const Matrix of_joint{x + j * L * C, C};
            multiply<false>(of_joint, {w.own + j * C * C, C}, y + j * L * C, C, L, C, C, w.bias);
            multiply<false>(of_joint, {w.others + j * C * C, C}, others + j * L * C, C, L, C, C);
        }
        mix(w.neighbours, y, others);
    }

    // Add the neighbours' messages to each joint, then ReLU. Most joints are not neighbours.
    void mix(const float *neighbours, float *y, const float *others) const {
        const int of_joint = L * C;
        for (int j = 0; j < J; ++j) {
            float *to = y + j * of_joint;
            for (int k = 0; k < J; ++k) {
                const float weight = neighbours[j * J + k];
                if (weight == 0) continue;
                const float *from = others + k * of_joint;
                for (int i = 0; i < of_joint; i += WIDTH)
                    store(to + i, load(to + i) + weight * load(from + i));
            }
            for (int i = 0; i < of_joint; i += WIDTH)
                store(to + i, at_least(load(to + i), Vector{}));
        }
    }

    // The added term (joints, frames, inner), before its last linear map.
    void non_local(const DenoiserBlock &w, const float *y, float *added, float *scratch) const {
        float *pairs = scratch, *of_key = pairs + 2 * keys * L * 2 * I;
        multiply<false>({y, C}, {w.key_value, 2 * I}, pairs, 2 * I, 2 * keys * L, C, 2 * I);
        for (int k = 0; k < keys; ++k)
            for (int l = 0; l < L; ++l) of_key[k * L + l] = pool(w, pairs, k, l);
        for (int j = 0; j < J; ++j)
            for (int l = 0; l < L; ++l) {
                const float query = dot(y + (j * L + l) * C, w.query, C);
                for (int i = 0; i < I; i += WIDTH) {
                    Vector sums{};
                    for (int k = 0; k < keys; ++k) {
                        const float affinity = query + of_key[k * L + l];
                        if (!(affinity <= 0))  // or NaN
                            sums += affinity * load(pairs + (2 * k * L + l) * 2 * I + I + i);
                    }
                    store(added + (j * L + l) * I + i, sums);
                }
            }
    }

    // Store the pooled value of two joints in place of the first, and return their key.
    float pool(const DenoiserBlock &w, float *pairs, int k, int l) const {
        float *first = pairs + (2 * k * L + l) * 2 * I;
        const float *second = first + L * 2 * I;
        for (int i = 0; i < 2 * I; i += WIDTH)
            store(first + i, at_least(load(first + i), load(second + i)));
        for (int i = 0; i < I; i += WIDTH)
            store(first + I + i, load(first + I + i) + load(w.value_bias + i));
        return dot(first, w.key, I) + *w.key_bias;
    }

    static INLINE float dot(const float *a, const float *b, int length) {
        Vector sums{};
        for (int i = 0; i < length; i += WIDTH) sums += load(a + i) * load(b + i);
        return sum(sums);
    }

    const DenoiserSizes &size;
    const DenoiserBlock *blocks;
    const int J, L, C, I, keys;
};
