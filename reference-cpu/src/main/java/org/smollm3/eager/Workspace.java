package org.smollm3.eager;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.smollm3.spi.Tensor;

/**
 * The tensors of one rank's current run, by the scope that made them. Kernels hand every tensor
 * they make to {@link #own}; when a scope ends, all its tensors but the one returned end with it
 * and are told so by {@link EagerTensor#onRelease}. Used by one thread at a time.
 */
public final class Workspace {
  private final Deque<Frame> frames = new ArrayDeque<>();

  private record Frame(String name, List<EagerTensor> owned) {}

  Workspace() {}

  /**
   * Gives a new tensor to the current scope.
   *
   * @return the tensor
   * @throws IllegalStateException if no graph is running
   */
  public <T extends EagerTensor> T own(T tensor) {
    Frame frame = top();
    tensor.madeIn(frame.name());
    frame.owned().add(tensor);
    return tensor;
  }

  /** The innermost scope, for messages: its full name, or outside scopes the graph's. */
  public String scopeName() {
    return top().name();
  }

  private Frame top() {
    Frame frame = frames.peek();
    if (frame == null) {
      throw new IllegalStateException("no graph is running: operations work in graph bodies only");
    }
    return frame;
  }

  void enter(String name) {
    frames.push(new Frame(name, new ArrayList<>()));
  }

  /** Ends the innermost scope; its survivor, if it was made there, moves to the scope around it. */
  void exit(Optional<Tensor> survivor) {
    Frame ended = frames.pop();
    for (EagerTensor tensor : ended.owned()) {
      if (survivor.isPresent() && survivor.get() == tensor) {
        frames.element().owned().add(tensor);
      } else {
        tensor.release(ended.name());
      }
    }
  }
}
