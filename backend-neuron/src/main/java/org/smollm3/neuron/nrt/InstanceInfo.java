package org.smollm3.neuron.nrt;

import java.util.List;

/**
 * The instance that libnrt runs on.
 *
 * @param family number of the instance family, as in nrt.h
 * @param size number of the instance size, as in nrt.h
 * @param archName as in "inf2"; empty in versions before SDK 2.28
 * @param deviceRevision empty in versions before SDK 2.28
 */
public record InstanceInfo(int family, int size, String archName, String deviceRevision) {
  private static final List<String> FAMILIES =
      List.of(
          "unknown", "inf1", "trn1", "trn1n", "inf2", "trn2", "trn2n", "inf2e", "trn2p", "trn2u");
  private static final List<String> SIZES =
      List.of(
          "xlarge",
          "2xlarge",
          "4xlarge",
          "6xlarge",
          "8xlarge",
          "24xlarge",
          "32xlarge",
          "48xlarge",
          "3xlarge");

  /** As in trn1.32xlarge; numbers for what is not known. */
  public String name() {
    // Number 10 stands for trn3 or for trn2e, depending on the version: those are not named.
    String familyName =
        family >= 0 && family < FAMILIES.size() ? FAMILIES.get(family) : "family " + family;
    String sizeName = size >= 0 && size < SIZES.size() ? SIZES.get(size) : "size " + size;
    return familyName + "." + sizeName;
  }
}
