package org.smollm3.neuron.nrt;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The values of {@code NRT_STATUS}, nrt_status.h of the Neuron SDK, and what to do about them. */
public enum NrtStatus {
  SUCCESS(0, Failure.NONE, "success", "nothing is to do"),
  FAILURE(
      1,
      Failure.OTHER,
      "a failure that the runtime says no more about",
      "set NEURON_RT_LOG_LEVEL=INFO and read its log"),
  INVALID(
      2,
      Failure.BAD_INPUT,
      "an invalid NEFF, or a tensor whose name, size or core does not match the model",
      "compile the model again for this instance, and read the log of the runtime"),
  INVALID_HANDLE(
      3, Failure.BAD_INPUT, "a handle that the runtime does not know", "report it as a defect"),
  RESOURCE(
      4,
      Failure.OUT_OF_MEMORY,
      "device memory or another resource cannot be allocated",
      "use more ranks, a shorter sequence or a smaller batch, and end other programs on the"
          + " NeuronCores"),
  TIMEOUT(
      5,
      Failure.TIMEOUT,
      "the runtime waited in vain for the device or another rank",
      "raise NEURON_RT_EXEC_TIMEOUT if runs are that long, else start the program again"),
  HW_ERROR(
      6, Failure.DEVICE_LOST, "the hardware failed", "look at dmesg and start the program again"),
  QUEUE_FULL(7, Failure.BUSY, "the queue of runs is full", "run one after the other"),
  LOAD_NOT_ENOUGH_NC(
      9,
      Failure.NOT_ENOUGH_CORES,
      "there are not enough free NeuronCores for the NEFF",
      "use fewer ranks, or free cores: neuron-ls shows who holds them"),
  UNSUPPORTED_NEFF_VERSION(
      10,
      Failure.BAD_INPUT,
      "the runtime does not know this version of NEFF",
      "update aws-neuronx-runtime-lib, or compile with a compiler as old as the runtime"),
  FAIL_HOST_MEM_ALLOC(
      11, Failure.OUT_OF_MEMORY, "host memory cannot be allocated", "free memory of the host"),
  UNINITIALIZED(
      13,
      Failure.LIFE_CYCLE,
      "the runtime has not been initialised in this process",
      "report it as a defect; a forked process cannot use the runtime of its parent"),
  CLOSED(14, Failure.LIFE_CYCLE, "the runtime has been closed", "report it as a defect"),
  QUEUE_EMPTY(15, Failure.OTHER, "the queue of runs is empty", "report it as a defect"),
  EXEC_UNIT_UNRECOVERABLE(
      101,
      Failure.DEVICE_LOST,
      "the execution unit cannot recover",
      "start the program again; if it happens again, restart the instance"),
  EXEC_BAD_INPUT(
      1002,
      Failure.BAD_INPUT,
      "invalid input was given to a run",
      "check the shapes and values of the inputs"),
  EXEC_COMPLETED_WITH_NUM_ERR(
      1003,
      Failure.NUMERIC,
      "the run produced values that are not numbers",
      "check the weights and the dtype"),
  EXEC_COMPLETED_WITH_ERR(
      1004,
      Failure.EXECUTION,
      "the run ended with a logical or parity error",
      "run again; if it happens again, look at dmesg"),
  EXEC_NC_BUSY(
      1005,
      Failure.BUSY,
      "the NeuronCore is in use by another model or process",
      "end the other program (neuron-ls shows it) or choose cores by NEURON_RT_VISIBLE_CORES"),
  EXEC_OOB(
      1006,
      Failure.EXECUTION,
      "the run accessed memory out of bounds",
      "check the token ids and positions, and compile the model again"),
  COLL_PENDING(1100, Failure.TIMEOUT, "a collective is still pending", "start the program again"),
  EXEC_HW_ERR_COLLECTIVES(
      1200,
      Failure.TIMEOUT,
      "a collective failed or hangs",
      "see that all ranks run, then start the program again on every machine"),
  EXEC_HW_ERR_HBM_UE(
      1201,
      Failure.DEVICE_LOST,
      "an uncorrectable error in device memory",
      "start the program again; if it happens again, replace the instance"),
  EXEC_HW_ERR_NC_UE(
      1202,
      Failure.DEVICE_LOST,
      "an uncorrectable error in a NeuronCore",
      "start the program again; if it happens again, replace the instance"),
  EXEC_HW_ERR_DMA_ABORT(
      1203,
      Failure.DEVICE_LOST,
      "a transfer of the device was aborted",
      "start the program again; if it happens again, restart the instance"),
  EXEC_SW_NQ_OVERFLOW(
      1204,
      Failure.DEVICE_LOST,
      "the queue of notifications ran over",
      "start the program again, without profiling"),
  EXEC_HW_ERR_REPAIRABLE_HBM_UE(
      1205,
      Failure.DEVICE_LOST,
      "an uncorrectable error in device memory that a restart can repair",
      "restart the instance"),
  NETWORK_PROXY_FAILURE(
      1206,
      Failure.DEVICE_LOST,
      "the network between the machines failed",
      "check the network and EFA, then start the program again on every machine");

  private static final Map<Integer, NrtStatus> BY_CODE =
      Arrays.stream(values()).collect(Collectors.toMap(NrtStatus::code, Function.identity()));

  private final int code;
  private final Failure failure;
  private final String meaning;
  private final String remedy;

  NrtStatus(int code, Failure failure, String meaning, String remedy) {
    this.code = code;
    this.failure = failure;
    this.meaning = meaning;
    this.remedy = remedy;
  }

  /** The status with a code; empty for one that no header known to us has. */
  public static Optional<NrtStatus> of(int code) {
    return Optional.ofNullable(BY_CODE.get(code));
  }

  public int code() {
    return code;
  }

  /** The name as C has it. */
  public String symbol() {
    return "NRT_" + name();
  }

  public Failure failure() {
    return failure;
  }

  public String meaning() {
    return meaning;
  }

  /** What the user can do. */
  public String remedy() {
    return remedy;
  }
}
