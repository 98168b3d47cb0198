// Attention of few tokens in heads of eight features.
#pragma once

#include "vectors.hpp"

constexpr int HEAD = 8;

// One head. VECTORS vectors hold one number per token.
template <int VECTORS> class Head {
public:
    explicit Head(int tokens) : tokens(tokens) {
        for (int t = 0; t < VECTORS * WIDTH; ++t) there[t] = t < tokens;
    }

    // Queries, keys and values (tokens, HEAD) with their row strides → out, with its stride.
    void attend(const float *query, const float *key, const float *value, long row, float *out,
                long out_row) {
        for (int t = 0; t < tokens; ++t) {
            for (int i = 0; i < HEAD; ++i) keys[i][t] = key[t * row + i];
            store(values[t], load<Eight>(value + t * row));
        }
        for (int t = 0; t < tokens; t += QUERIES) {
            const int first = t < tokens - QUERIES ? t : tokens - QUERIES;
            some(query + first * row, row, out + first * out_row, out_row);
        }
    }

private:
    static constexpr int QUERIES = VECTORS > 4 ? 2 : 4;

    INLINE void some(const float *query, long row, float *out, long out_row) {
        Vector scores[QUERIES][VECTORS] = {};
        for (int i = 0; i < HEAD; ++i)
            for (int q = 0; q < QUERIES; ++q)
                for (int v = 0; v < VECTORS; ++v)
                    scores[q][v] += query[q * row + i] * load(keys[i] + v * WIDTH);
        float weights[QUERIES][VECTORS * WIDTH], total[QUERIES];
        for (int q = 0; q < QUERIES; ++q) {
            Vector sums{};
            for (int v = 0; v < VECTORS; ++v) {
                const Vector each = exp(scores[q][v]) * load(there + v * WIDTH);
                store(weights[q] + v * WIDTH, each);
                sums += each;
            }
            total[q] = sum(sums);
        }
        Eight mixed[QUERIES] = {};
        for (int t = 0; t < tokens; ++t)
            for (int q = 0; q < QUERIES; ++q) mixed[q] += weights[q][t] * load<Eight>(values[t]);
        for (int q = 0; q < QUERIES; ++q) store(out + q * out_row, mixed[q] / total[q]);
    }

    const int tokens;
    float there[VECTORS * WIDTH];
    float keys[HEAD][VECTORS * WIDTH] = {};
    float values[VECTORS * WIDTH][HEAD];
};

template <int VECTORS>
void attend_heads(const float *qkv, float *out, int tokens, long apart, int channels) {
    Head<VECTORS> head(tokens);
    for (int h = 0; h < channels; h += HEAD)
        head.attend(qkv + h, qkv + channels + h, qkv + 2 * channels + h, apart * 3 * channels,
                    out + h, apart * channels);
}

// Scaled queries, keys and values of tokens (3, channels) → mixed (channels,); tokens are `apart`
// rows from each other.
INLINE void attend(const float *qkv, float *out, int tokens, long apart, int channels) {
    switch ((tokens + WIDTH - 1) / WIDTH) {
    case 1: return attend_heads<1>(qkv, out, tokens, apart, channels);
    case 2: return attend_heads<2>(qkv, out, tokens, apart, channels);
    case 3: return attend_heads<3>(qkv, out, tokens, apart, channels);
    case 4: return attend_heads<4>(qkv, out, tokens, apart, channels);
    case 5: return attend_heads<5>(qkv, out, tokens, apart, channels);
    case 6: return attend_heads<6>(qkv, out, tokens, apart, channels);
    case 7: return attend_heads<7>(qkv, out, tokens, apart, channels);
    case 8: return attend_heads<8>(qkv, out, tokens, apart, channels);
    }
}
