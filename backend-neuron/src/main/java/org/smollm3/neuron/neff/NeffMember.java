package org.smollm3.neuron.neff;

/** A file in the archive of a NEFF: its path there and its size in bytes. */
public record NeffMember(String name, long size) {}
