package org.smollm3.neuron.simulator;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.smollm3.neuron.nrt.NrtFunction;

/** The latest calls, and how many there were of each function. */
public final class CallLog {
  private static final int KEPT = 10_000;

  private final Deque<Call> latest = new ArrayDeque<>();
  private final Map<NrtFunction, Long> returned = new EnumMap<>(NrtFunction.class);
  private int inside;

  CallLog() {}

  synchronized void begin() {
    inside++;
  }

  synchronized void end(Call call) {
    inside--;
    returned.merge(call.function(), 1L, Long::sum);
    latest.add(call);
    if (latest.size() > KEPT) {
      latest.remove();
    }
    notifyAll();
  }

  /** The latest that have returned, in the order of their returns. */
  public synchronized List<Call> latest() {
    return List.copyOf(latest);
  }

  /** The latest of one function. */
  public List<Call> latest(NrtFunction function) {
    return latest().stream().filter(call -> call.function() == function).toList();
  }

  /** How often a function has returned. */
  public synchronized long count(NrtFunction function) {
    return returned.getOrDefault(function, 0L);
  }

  /** Calls that have not returned yet. */
  public synchronized int inside() {
    return inside;
  }
}
