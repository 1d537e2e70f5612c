package org.smollm3.neuron.trace;

/**
 * Operations that {@code neuronx-cc} takes whole, as a custom call, instead of in plain HLO. No
 * other XLA can run them.
 */
public enum CustomCall {
  RMS_NORM("AwsNeuronRmsNorm"),
  SOFTMAX("AwsNeuronSoftmax"),
  SILU("AwsNeuronSilu"),
  TOP_K("AwsNeuronTopK"),
  ARG_MAX("AwsNeuronArgMax");

  private final String target;

  CustomCall(String target) {
    this.target = target;
  }

  /** Its name in the module. */
  public String target() {
    return target;
  }
}
