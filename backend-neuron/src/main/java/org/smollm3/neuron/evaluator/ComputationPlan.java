package org.smollm3.neuron.evaluator;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.smollm3.neuron.hlo.HloInstruction;

/**
 * A computation made ready to run.
 *
 * @param index its place among the frames of a rank
 * @param buffers by slot
 * @param parameters slots of the parameters, tuples by their elements
 * @param results slots of what the root gives
 * @param bytes how much memory a rank needs for temporaries
 */
record ComputationPlan(
    int index,
    List<Step> steps,
    List<Buffer> buffers,
    List<Integer> parameters,
    List<Integer> results,
    long bytes) {
  /** A kernel and the instruction it stands for, by name. */
  record Step(String name, Kernel kernel) {}

  /** Says at which instruction something went wrong; never seen outside. */
  static final class StepFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    StepFailure(String step, Throwable cause) {
      super(step, cause);
    }
  }

  ComputationPlan {
    steps = List.copyOf(steps);
    buffers = List.copyOf(buffers);
    parameters = List.copyOf(parameters);
    results = List.copyOf(results);
  }

  static Step step(HloInstruction instruction, Kernel kernel) {
    return new Step(instruction.toString(), kernel);
  }

  /** A frame in which constants and temporaries are in place. */
  Frame frame(Rank rank, MemorySegment memory) {
    MemorySegment[] slots = new MemorySegment[buffers.size()];
    Map<Buffer, MemorySegment> made = new HashMap<>();
    for (int i = 0; i < slots.length; i++) {
      slots[i] =
          made.computeIfAbsent(
              buffers.get(i),
              buffer ->
                  switch (buffer.home) {
                    case CONSTANT -> buffer.constant;
                    case TEMPORARY -> memory.asSlice(buffer.offset, buffer.bytes);
                    case PARAMETER, RESULT -> MemorySegment.NULL;
                  });
    }
    return new Frame(slots, rank);
  }

  void run(Frame frame) {
    for (Step step : steps) {
      frame.rank.meeting.checkStopped();
      try {
        step.kernel().run(frame);
      } catch (Meeting.Stopped | StepFailure e) {
        throw e;
      } catch (RuntimeException | Error e) {
        throw new StepFailure(step.name(), e);
      }
    }
  }
}
