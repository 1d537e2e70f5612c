package org.smollm3.neuron.simulator;

import java.time.Duration;

/**
 * The Neuron devices of a simulated machine.
 *
 * @param family number of the instance family, as in nrt.h
 * @param size number of the instance size, as in nrt.h
 * @param archName as nrt_get_instance_info says it
 * @param physicalCores of the whole machine
 * @param virtualCoreSize physical cores in a logical one, unless the environment says otherwise
 * @param bytesPerCore device memory of a physical core
 * @param second how long a second of NEURON_RT_EXEC_TIMEOUT takes
 */
public record SimulatedDevice(
    int family,
    int size,
    String archName,
    int physicalCores,
    int virtualCoreSize,
    long bytesPerCore,
    LoadMode loadMode,
    Duration second) {
  private static final long GIB = 1L << 30;
  private static final int TRN1 = 2;
  private static final int INF2 = 4;
  private static final int TRN2 = 5;
  private static final int SIZE_32XL = 6;
  private static final int SIZE_48XL = 7;

  /** Cores of 16 GiB each. */
  public static SimulatedDevice trn1(int cores) {
    return of(TRN1, SIZE_32XL, "trn1", cores, 1, 16 * GIB);
  }

  /** Cores of 16 GiB each. */
  public static SimulatedDevice inf2(int cores) {
    return of(INF2, SIZE_48XL, "inf2", cores, 1, 16 * GIB);
  }

  /** Pairs of physical cores of 12 GiB each. */
  public static SimulatedDevice trn2(int logicalCores) {
    return of(TRN2, SIZE_48XL, "trn2", Math.multiplyExact(logicalCores, 2), 2, 12 * GIB);
  }

  private static SimulatedDevice of(
      int family, int size, String archName, int cores, int virtualCoreSize, long bytesPerCore) {
    return new SimulatedDevice(
        family,
        size,
        archName,
        cores,
        virtualCoreSize,
        bytesPerCore,
        LoadMode.ALONE,
        Duration.ofSeconds(1));
  }

  public SimulatedDevice withBytesPerCore(long bytes) {
    return new SimulatedDevice(
        family, size, archName, physicalCores, virtualCoreSize, bytes, loadMode, second);
  }

  public SimulatedDevice withLoadMode(LoadMode mode) {
    return new SimulatedDevice(
        family, size, archName, physicalCores, virtualCoreSize, bytesPerCore, mode, second);
  }

  public SimulatedDevice withSecond(Duration length) {
    return new SimulatedDevice(
        family, size, archName, physicalCores, virtualCoreSize, bytesPerCore, loadMode, length);
  }
}
