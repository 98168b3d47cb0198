// The functions that `lifting.engines.native` calls: the networks' deep parts, window by window.

#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

#include "denoiser.hpp"
#include "trunk.hpp"

// Calls work(index, scratch) for `count` indices, in up to `threads` threads.
template <typename Work> static void share(int count, int threads, long scratch, const Work &work) {
    std::atomic<int> next{0};
    const auto some = [&] {
        static thread_local std::vector<float> memory;
        if ((long)memory.size() < scratch) memory.resize(scratch);
        for (int index = next++; index < count; index = next++) work(index, memory.data());
    };
    std::vector<std::thread> others;
    try {
        for (int n = 1; n < threads && n < count; ++n) others.emplace_back(some);
    } catch (const std::system_error &) {  // no more threads available: use those that started
    }
    some();
    for (auto &each : others) each.join();
}

// x (windows, joints, frames, channels), in place.
extern "C" void diffhpe_trunk(const TrunkSizes *size, const TrunkBlock *blocks,
                              const float *temporal, float *x, int windows, int threads) {
    const Trunk trunk(*size, blocks, temporal);
    const long of_window = (long)size->joints * size->frames * size->channels;
    share(windows, threads, trunk.scratch(),
          [&](int n, float *scratch) { trunk.run(x + n * of_window, scratch); });
}

// x and skips (sequences, joints, frames, channels), in place; each sequence's steps (blocks,
// channels) are `steps_apart` numbers from the last one's.
extern "C" void diffhpe_denoiser(const DenoiserSizes *size, const DenoiserBlock *blocks,
                                 const float *steps, int steps_apart, float *x, float *skips,
                                 int sequences, int threads) {
    const Denoiser denoiser(*size, blocks);
    const long of_sequence = (long)size->joints * size->frames * size->channels;
    share(sequences, threads, denoiser.scratch(), [&](int n, float *scratch) {
        denoiser.run(x + n * of_sequence, skips + n * of_sequence, steps + n * steps_apart,
                     scratch);
    });
}
