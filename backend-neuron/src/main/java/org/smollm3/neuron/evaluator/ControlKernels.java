package org.smollm3.neuron.evaluator;

import java.util.List;
import org.smollm3.error.BackendException;
import org.smollm3.neuron.hlo.ElementType;

/** Calls of other computations. Parameters are passed by reference, results are copied. */
final class ControlKernels {
  private ControlKernels() {}

  private static Frame enter(Frame frame, ComputationPlan callee, List<Integer> arguments) {
    Frame inner = frame.rank.frames.get(callee.index());
    for (int i = 0; i < arguments.size(); i++) {
      inner.slots[callee.parameters().get(i)] = frame.slots[arguments.get(i)];
    }
    return inner;
  }

  private static void call(
      Frame frame, ComputationPlan callee, List<Integer> arguments, List<Integer> results) {
    Frame inner = enter(frame, callee, arguments);
    callee.run(inner);
    for (int i = 0; i < results.size(); i++) {
      frame.slots[results.get(i)].copyFrom(inner.slots[callee.results().get(i)]);
    }
  }

  static Kernel call(Site site, ComputationPlan callee) {
    List<Integer> arguments = site.operands().stream().flatMap(List::stream).toList();
    return f -> call(f, callee, arguments, site.outputs());
  }

  /** An index that is out of range takes the last branch; of a truth value true the first. */
  static Kernel conditional(Site site, List<ComputationPlan> branches) {
    ElementType type = site.type(0);
    int index = site.operand(0);
    return f -> {
      long chosen = Elements.loadLong(type, f.slots[index], 0);
      if (type == ElementType.PRED) {
        chosen = 1 - chosen;
      }
      int branch = chosen < 0 || chosen >= branches.size() ? branches.size() - 1 : (int) chosen;
      call(f, branches.get(branch), site.operands().get(branch + 1), site.outputs());
    };
  }

  static Kernel loop(Site site, ComputationPlan body, ComputationPlan condition) {
    List<Integer> first = site.outputs();
    List<Integer> second = site.spare();
    List<Integer> start = site.operands().get(0);
    return f -> {
      List<Integer> state = start;
      List<Integer> next = first;
      while (holds(f, condition, state)) {
        // A body without steps would not look.
        f.rank.meeting.checkStopped();
        if (Thread.currentThread().isInterrupted()) {
          throw new BackendException("the loop was interrupted");
        }
        call(f, body, state, next);
        state = next;
        // Results may be parameters of the body, so the new state is never written over the old.
        next = state.equals(first) ? second : first;
      }
      if (!state.equals(first)) {
        copy(f, state, first);
      }
    };
  }

  private static boolean holds(Frame frame, ComputationPlan condition, List<Integer> state) {
    Frame inner = enter(frame, condition, state);
    condition.run(inner);
    return Elements.loadLong(ElementType.PRED, inner.slots[condition.results().get(0)], 0) != 0;
  }

  private static void copy(Frame frame, List<Integer> from, List<Integer> to) {
    for (int i = 0; i < to.size(); i++) {
      frame.slots[to.get(i)].copyFrom(frame.slots[from.get(i)]);
    }
  }
}
