package org.smollm3.conformance.example.backend;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.smollm3.error.BackendException;

/**
 * Where the ranks of one run meet, each a thread. A rank that ends, by an exception or early, ends
 * the waiting of the others: a backend must not hang.
 */
final class RankExchange {
  private record Brought(String call, ExampleTensor tensor) {}

  private final int degree;
  private final Map<Integer, Brought> arriving = new TreeMap<>();
  private List<Brought> latest = List.of();
  private int meetings;
  private boolean someLeft;
  private Optional<RuntimeException> failure = Optional.empty();

  RankExchange(int degree) {
    this.degree = degree;
  }

  /**
   * Waits for all ranks.
   *
   * @param call what is called; every rank must call the same
   * @return what they brought, in rank order
   */
  synchronized List<ExampleTensor> meet(int rank, String call, ExampleTensor tensor) {
    int meeting = meetings;
    arriving.put(rank, new Brought(call, tensor));
    if (arriving.size() == degree) {
      latest = List.copyOf(arriving.values());
      arriving.clear();
      meetings++;
      notifyAll();
    }
    while (meetings == meeting) {
      if (someLeft) {
        throw new BackendException("rank " + rank + " waits in " + call + " and another has ended");
      }
      await();
    }
    // No later meeting can have ended: this rank was not there.
    for (Brought other : latest) {
      if (!other.call().equals(call)) {
        throw new BackendException("one rank calls " + call + ", another " + other.call());
      }
    }
    return latest.stream().map(Brought::tensor).toList();
  }

  private void await() {
    try {
      wait();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BackendException("interrupted", e);
    }
  }

  synchronized void failed(RuntimeException why) {
    failure = failure.or(() -> Optional.of(why));
  }

  /** This rank comes to no more meetings. */
  synchronized void leave() {
    someLeft = true;
    notifyAll();
  }

  /** The others fail because the first one did. */
  synchronized void throwFirstFailure() {
    failure.ifPresent(
        why -> {
          throw why;
        });
  }
}
