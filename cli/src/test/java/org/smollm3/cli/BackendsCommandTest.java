package org.smollm3.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.smollm3.error.BackendException;
import org.smollm3.spi.Availability;
import org.smollm3.spi.Availability.Available;
import org.smollm3.spi.Availability.Unavailable;
import org.smollm3.spi.Backend;
import org.smollm3.spi.BackendOptions;
import org.smollm3.spi.BackendProvider;
import org.smollm3.spi.Backends;
import org.smollm3.spi.Capability;
import org.smollm3.spi.LoadOptions;
import org.smollm3.spi.NumericsProfile;
import org.smollm3.spi.ProgramSpec;
import org.smollm3.spi.Session;
import org.smollm3.spi.WeightSource;
import org.smollm3.tensor.DType;

class BackendsCommandTest {
  private final Fake chip = new Fake("chip", 200, new Unavailable("no driver", "install it"));
  private final Fake cpu = new Fake("cpu", 100, new Available("512-bit vectors, 2 threads"));

  @Test
  void listsEveryBackendAndTheDefault() {
    assertThat(run("backends").out())
        .isEqualTo(
            """
            chip: a fake chip
              unavailable: no driver
              what to do: install it

            cpu: a fake cpu
              available: 512-bit vectors, 2 threads
              priority 100

            default: backend 'cpu' (512-bit vectors, 2 threads) chosen: available with the highest \
            priority, 100; 'chip' is unavailable: no driver (install it)
            """);
    assertThat(cpu.opened).isEmpty();
  }

  @Test
  void verboseOpensTheAvailableOnesAndClosesThem() {
    TestRun run = run("backends", "--verbose");

    assertThat(run.out())
        .contains("accumulation F32, reduction over ranks F32, rounding NEAREST_EVEN")
        .contains("determinism: BITWISE")
        .contains("deviations: [SEPARATE_BIAS]")
        .containsPattern("LOGITS +graphs that return logits\n +TAPS +tapped");
    assertThat(cpu.opened).hasSize(1).allMatch(opened -> opened.closed.size() == 1);
    assertThat(chip.opened).isEmpty();
  }

  @Test
  void aBackendThatFailsToOpenIsReportedBesideTheOthers() {
    Fake broken =
        new Fake("broken", 300, new Available("fine")) {
          @Override
          public Backend open(BackendOptions options) {
            throw new BackendException("lost the device");
          }
        };

    TestRun run = run(List.of(broken, cpu), "", "backends", "--verbose");

    assertThat(run.code()).isZero();
    assertThat(run.out()).contains("cannot be opened: lost the device").contains("BITWISE");
  }

  @Test
  void jsonSaysTheSame() {
    assertThat(run("backends", "--json").out())
        .isEqualTo(
            """
            {
              "backends" : [ {
                "name" : "chip",
                "description" : "a fake chip",
                "priority" : 200,
                "available" : false,
                "reason" : "no driver",
                "remedy" : "install it"
              }, {
                "name" : "cpu",
                "description" : "a fake cpu",
                "priority" : 100,
                "available" : true,
                "details" : "512-bit vectors, 2 threads"
              } ],
              "default" : {
                "name" : "cpu",
                "reason" : "backend 'cpu' (512-bit vectors, 2 threads) chosen: available with the \
            highest priority, 100; 'chip' is unavailable: no driver (install it)"
              }
            }
            """);
    assertThat(run("backends", "--json", "--verbose").out())
        .contains("\"capabilities\" : [ \"LOGITS\", \"TAPS\" ]")
        .contains("\"determinism\" : \"BITWISE\"");
  }

  @Test
  void saysWhyThereIsNoDefault() {
    TestRun run = run(List.of(chip, cpu), "chip", "backends");

    assertThat(run.code()).isZero();
    assertThat(run.out())
        .endsWith("default: backend 'chip' is unavailable: no driver (install it)\n");
    assertThat(run(List.of(chip, cpu), "chip", "backends", "--json").out())
        .contains("\"name\" : null");
  }

  private TestRun run(String... args) {
    return run(List.of(chip, cpu), "", args);
  }

  private static TestRun run(List<BackendProvider> providers, String property, String... args) {
    return TestRun.of(
        List.of(new BackendsCommand(() -> Backends.of(providers, Map.of(), property))), args);
  }

  private static class Fake implements BackendProvider {
    private final String name;
    private final int priority;
    private final Availability availability;
    private final List<FakeBackend> opened = new ArrayList<>();

    Fake(String name, int priority, Availability availability) {
      this.name = name;
      this.priority = priority;
      this.availability = availability;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public String description() {
      return "a fake " + name;
    }

    @Override
    public int priority() {
      return priority;
    }

    @Override
    public Availability probe() {
      return availability;
    }

    @Override
    public Backend open(BackendOptions options) {
      FakeBackend backend = new FakeBackend(name, new ArrayList<>());
      opened.add(backend);
      return backend;
    }
  }

  private record FakeBackend(String name, List<String> closed) implements Backend {
    @Override
    public Set<Capability> capabilities() {
      return Set.of(Capability.TAPS, Capability.LOGITS);
    }

    @Override
    public NumericsProfile numerics() {
      return new NumericsProfile(
          DType.F32,
          DType.F32,
          NumericsProfile.Rounding.NEAREST_EVEN,
          NumericsProfile.Subnormals.KEPT,
          NumericsProfile.Determinism.BITWISE,
          Set.of(NumericsProfile.Deviation.SEPARATE_BIAS));
    }

    @Override
    public Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
      closed.add(name);
    }
  }
}
