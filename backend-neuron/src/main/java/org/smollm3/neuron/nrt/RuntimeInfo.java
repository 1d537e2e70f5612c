package org.smollm3.neuron.nrt;

import java.util.Optional;

/**
 * What runs.
 *
 * @param library where libnrt was found
 * @param visibleCores NeuronCores that this process may use
 */
public record RuntimeInfo(
    String library,
    int visibleCores,
    Optional<RuntimeVersion> version,
    Optional<InstanceInfo> instance) {}
