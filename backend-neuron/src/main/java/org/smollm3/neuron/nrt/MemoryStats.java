package org.smollm3.neuron.nrt;

/** Device memory of one NeuronCore, in bytes. */
public record MemoryStats(long used, long limit) {}
