// Vectors of floats as wide as the processor's, and the functions on them that networks need.
// They use the compiler's vector extension, so nothing here is specific to one processor.
#pragma once

#include <cstdint>
#include <cstring>

#define INLINE inline __attribute__((always_inline))

#if defined(__AVX512F__)
constexpr int WIDTH = 16;
#elif defined(__AVX2__)
constexpr int WIDTH = 8;
#else
constexpr int WIDTH = 4;
#endif

typedef float Vector __attribute__((vector_size(WIDTH * sizeof(float))));
typedef int32_t Integers __attribute__((vector_size(WIDTH * sizeof(int32_t))));
typedef float Eight __attribute__((vector_size(8 * sizeof(float))));

template <typename V = Vector> INLINE V load(const float *from) {
    V values;
    std::memcpy(&values, from, sizeof values);
    return values;
}

template <typename V> INLINE void store(float *to, V values) {
    std::memcpy(to, &values, sizeof values);
}

INLINE Vector all(float value) { return value - Vector{}; }

// a limited by a bound; NaN stays NaN.
INLINE Vector at_most(Vector a, Vector bound) { return bound < a ? bound : a; }

INLINE Vector at_least(Vector a, Vector bound) { return bound > a ? bound : a; }

INLINE float sum(Vector values) {
    float each[WIDTH];
    store(each, values);
    for (int half = WIDTH / 2; half; half /= 2)
        for (int i = 0; i < half; ++i) each[i] += each[i + half];
    return each[0];
}

// e^x with x clamped to ±60, as 2^n e^f with |f| ≤ ln 2 / 2. The polynomial has a relative error of
// 2e-7, and n is added to the exponent's bits.
INLINE Vector exp(Vector x) {
    constexpr float ROUND = 12582912.0f;  // 1.5 · 2^23: adding it rounds to a whole number
    x = at_most(at_least(x, all(-60.0f)), all(60.0f));
    const Vector rounded = x * 1.44269504f + ROUND, n = rounded - ROUND;
    const Vector f = x - n * 0.693145752f - n * 1.42860677e-6f;
    Vector p = f * (1 / 720.0f) + 1 / 120.0f;
    p = p * f + 1 / 24.0f;
    p = p * f + 1 / 6.0f;
    p = p * f + 0.5f;
    p = p * f + 1.0f;
    p = p * f + 1.0f;
    Integers bits, shift;
    std::memcpy(&bits, &p, sizeof bits);
    std::memcpy(&shift, &rounded, sizeof shift);
    bits += shift << 23;
    std::memcpy(&p, &bits, sizeof p);
    return p;
}

INLINE Vector tanh(Vector x) { return 1.0f - 2.0f / (exp(2.0f * x) + 1.0f); }

// x Φ(x). With z = |x| / √2, erfc(z) = e^(-z P(z)); P was fitted for z up to 4.2, where erfc is
// 3e-9, and its error in erfc is 2e-8.
INLINE Vector gelu(Vector x) {
    Vector z = x * 0.707106781f;
    z = at_most(at_least(z, -z), all(4.2f));
    Vector p = z * 3.14401834e-5f - 0.00030880218f;
    p = p * z + 0.00103240115f;
    p = p * z + 0.000536934896f;
    p = p * z - 0.0195839621f;
    p = p * z + 0.102919614f;
    p = p * z + 0.636597733f;
    p = p * z + 1.12838025f;
    const Vector beyond = 0.5f * exp(-z * p);
    return x * (x < 0.0f ? beyond : 1.0f - beyond);
}
