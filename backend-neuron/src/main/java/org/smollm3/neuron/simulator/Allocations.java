package org.smollm3.neuron.simulator;

/**
 * What a simulated process holds at present.
 *
 * @param infoArrays results of nrt_get_model_tensor_info
 * @param deviceBytes of tensors and programs on all cores
 */
public record Allocations(int models, int sets, int tensors, int infoArrays, long deviceBytes) {
  public static final Allocations NOTHING = new Allocations(0, 0, 0, 0, 0);
}
