package org.smollm3.neuron.nrt;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.SymbolLookup;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.smollm3.neuron.simulator.FaultPlan;
import org.smollm3.neuron.simulator.SimulatedCluster;
import org.smollm3.neuron.simulator.SimulatedDevice;
import org.smollm3.neuron.simulator.SimulatedMachine;
import org.smollm3.neuron.simulator.SimulatedNrt;
import org.smollm3.neuron.simulator.TestPrograms;
import org.smollm3.spi.Availability;
import org.smollm3.spi.Availability.Available;
import org.smollm3.spi.Availability.Unavailable;

class NrtProbeTest {
  private static SimulatedNrt device(SimulatedDevice device, Map<String, String> environment) {
    return new SimulatedNrt(
        new SimulatedMachine(device),
        new SimulatedCluster(),
        environment,
        new TestPrograms(),
        FaultPlan.none());
  }

  private static Availability probe(SimulatedNrt device, String... without) {
    SymbolLookup symbols =
        name -> Set.of(without).contains(name) ? Optional.empty() : device.symbols().find(name);
    return NrtProbe.probe(
        () ->
            new NrtSearch.Found(
                NrtLibrary.of("simulated libnrt", symbols, device.environmentSymbols())));
  }

  @Test
  void saysWhatThereIs() {
    SimulatedNrt device = device(SimulatedDevice.trn2(4), Map.of());

    assertThat(probe(device))
        .isEqualTo(
            new Available(
                "4 NeuronCores visible, trn2.48xlarge, libnrt 2.30.0.0 (simulated libnrt)"));
    assertThat(device.calls().count(NrtFunction.NRT_INIT)).isZero();
  }

  @Test
  void anOldLibraryCanSayLess() {
    SimulatedNrt device = device(SimulatedDevice.inf2(2), Map.of("NEURON_RT_VISIBLE_CORES", "1"));

    assertThat(
            probe(
                device,
                "nrt_get_visible_vnc_count",
                "nrt_get_version",
                "nrt_get_instance_info",
                "nrt_get_status_as_str"))
        .isEqualTo(new Available("1 NeuronCore visible, libnrt (simulated libnrt)"));
  }

  @Test
  void noCoreIsAReasonWithARemedy() {
    SimulatedNrt none = device(SimulatedDevice.trn1(0), Map.of());

    Availability availability = probe(none);

    assertThat(availability)
        .isInstanceOfSatisfying(
            Unavailable.class,
            reason -> {
              assertThat(reason.reason()).isEqualTo("0 NeuronCores visible of 0");
              assertThat(reason.remedy()).contains("neuron-ls", "NEURON_RT_VISIBLE_CORES");
            });
    assertThat(probe(none, "nrt_get_total_nc_count"))
        .extracting("reason")
        .isEqualTo("0 NeuronCores visible");
  }

  @Test
  void whateverIsThrownIsAReason() {
    assertThat(probe(device(SimulatedDevice.trn1(1), Map.of("NEURON_RT_VISIBLE_CORES", "some"))))
        .extracting("reason")
        .asString()
        .startsWith("libnrt cannot be asked: ")
        .contains("NRT_INVALID (2)");
    assertThat(
            NrtProbe.probe(
                () -> {
                  throw new IllegalCallerException("no");
                }))
        .extracting("reason")
        .isEqualTo("native access is not allowed");
    assertThat(NrtProbe.probe(() -> new NrtSearch.NotFound(List.of("/a", "/b"))))
        .isInstanceOfSatisfying(
            Unavailable.class,
            reason -> {
              assertThat(reason.reason()).isEqualTo("libnrt.so.1 not found in /a, /b");
              assertThat(reason.remedy()).contains("aws-neuronx-runtime-lib", "backend cpu");
            });
  }
}
