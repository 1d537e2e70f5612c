package org.smollm3.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smollm3.error.BackendException;

@Timeout(60)
class WorkerPoolTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 8})
  void everyTileRunsOnceAndNoWorkerTwiceAtATime(int threads) {
    try (WorkerPool pool = new WorkerPool(threads)) {
      AtomicIntegerArray runs = new AtomicIntegerArray(100);
      AtomicIntegerArray busy = new AtomicIntegerArray(threads);
      for (int round = 0; round < 200; round++) {
        pool.run(
            100,
            (worker, tile) -> {
              assertThat(busy.incrementAndGet(worker)).isOne();
              runs.incrementAndGet(tile);
              busy.decrementAndGet(worker);
            });
      }
      for (int tile = 0; tile < 100; tile++) {
        assertThat(runs.get(tile)).isEqualTo(200);
      }
    }
  }

  @Test
  void tilesRunOnSeveralThreadsAtOnce() {
    try (WorkerPool pool = new WorkerPool(3)) {
      CountDownLatch together = new CountDownLatch(3);
      pool.run(
          3,
          (worker, tile) -> {
            together.countDown();
            await(together);
          });
      assertThat(together.getCount()).isZero();
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(20, TimeUnit.SECONDS)).as("another thread came").isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void parkedWorkersWakeUp() {
    try (WorkerPool pool = new WorkerPool(2)) {
      for (int round = 0; round < 5; round++) {
        LockSupport.parkNanos(2_000_000);
        CountDownLatch together = new CountDownLatch(2);
        pool.run(
            2,
            (worker, tile) -> {
              together.countDown();
              await(together);
            });
      }
    }
  }

  @Test
  void aWorkerThatCameTooLateWakesUpForTheNextJob() {
    try (WorkerPool pool = new WorkerPool(2)) {
      for (int round = 0; round < 200; round++) {
        LockSupport.parkNanos(300_000);
        pool.run(2, (worker, tile) -> {}); // over before a parked worker is awake
      }
      LockSupport.parkNanos(2_000_000);
      CountDownLatch together = new CountDownLatch(2);
      pool.run(
          2,
          (worker, tile) -> {
            together.countDown();
            await(together);
          });
      assertThat(together.getCount()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void aFailureReachesTheCallerAndThePoolGoesOn(int threads) {
    try (WorkerPool pool = new WorkerPool(threads)) {
      assertThatThrownBy(
              () ->
                  pool.run(
                      50,
                      (worker, tile) -> {
                        if (tile == 17) {
                          throw new IllegalArgumentException("tile 17");
                        }
                      }))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("tile 17");
      AtomicIntegerArray runs = new AtomicIntegerArray(10);
      pool.run(10, (worker, tile) -> runs.incrementAndGet(tile));
      assertThat(runs.get(9)).isOne();
    }
  }

  @Test
  void aTileCannotStartWorkOfItsOwn() {
    try (WorkerPool pool = new WorkerPool(1)) {
      assertThatThrownBy(() -> pool.run(1, (worker, tile) -> pool.run(1, (w, t) -> {})))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("parallel work of its own");
    }
  }

  @Test
  void closingEndsTheThreads() {
    List<Thread> before = workers();
    WorkerPool pool = new WorkerPool(4);
    assertThat(workers()).hasSize(before.size() + 3).allMatch(Thread::isDaemon);
    pool.close();
    pool.close();
    assertThat(workers()).hasSameSizeAs(before);
    assertThatThrownBy(() -> pool.run(1, (worker, tile) -> {}))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the cpu backend is closed");
  }

  private static List<Thread> workers() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("smollm3-cpu-"))
        .toList();
  }

  @Test
  void numbersOfThreads() {
    assertThat(WorkerPool.parseThreads(" 64 ", "option threads")).isEqualTo(64);
    assertThatThrownBy(() -> WorkerPool.parseThreads("0", "option threads"))
        .isInstanceOf(BackendException.class)
        .hasMessage("option threads is 0; give a number of threads from 1 to 1024");
    assertThatThrownBy(() -> WorkerPool.parseThreads("-2", "option threads"))
        .isInstanceOf(BackendException.class)
        .hasMessageContaining("-2");
    assertThatThrownBy(() -> WorkerPool.parseThreads("two", "property smollm3.threads"))
        .isInstanceOf(BackendException.class)
        .hasMessage(
            "property smollm3.threads is 'two', not a number of threads; give a whole number from"
                + " 1");
  }
}
