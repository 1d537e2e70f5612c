package org.smollm3.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.smollm3.error.BackendException;
import org.smollm3.error.UnsupportedCapabilityException;
import org.smollm3.spi.Availability.Available;
import org.smollm3.spi.Availability.Unavailable;
import org.smollm3.spi.Backends.Candidate;
import org.smollm3.spi.Backends.Choice;

class BackendsTest {
  private static final BackendOptions NONE = BackendOptions.defaults();

  @Test
  void takesTheAvailableOneWithTheHighestPriorityAndSaysWhy() {
    Backends backends =
        unconfigured(fake("slow", 1), fake("fast", 100), unavailable("chip", 200, "no driver"));

    Choice choice = backends.choose(NONE);

    assertThat(choice.backend().name()).isEqualTo("fast");
    assertThat(choice.reason())
        .isEqualTo(
            "backend 'fast' (details of fast) chosen: available with the highest priority, 100;"
                + " 'chip' is unavailable: no driver (remedy of chip); 'slow' has priority 1");
  }

  @Test
  void equalPrioritiesGoByNameWhateverTheOrder() {
    assertThat(unconfigured(fake("b", 5), fake("a", 5)).choose(NONE).backend().name())
        .isEqualTo("a");
    assertThat(unconfigured(fake("a", 5), fake("b", 5)).choose(NONE).backend().name())
        .isEqualTo("a");
  }

  @Test
  void selectsWithoutOpening() {
    Backends backends = unconfigured(failingToOpen("fast", new IllegalStateException("opened")));

    assertThat(backends.select().name()).isEqualTo("fast");
  }

  @Test
  void propertyBeatsEnvironmentBeatsPriority() {
    List<BackendProvider> providers =
        List.of(fake("first", 3), fake("second", 2), fake("third", 1));
    Map<String, String> environment = Map.of(Backends.ENVIRONMENT, "second");

    Choice byProperty = Backends.of(providers, environment, " third ").choose(NONE);
    Choice byEnvironment = Backends.of(providers, environment, "").choose(NONE);
    Choice byPriority = Backends.of(providers, Map.of(Backends.ENVIRONMENT, " "), " ").choose(NONE);

    assertThat(byProperty.backend().name()).isEqualTo("third");
    assertThat(byProperty.reason()).isEqualTo("backend 'third' chosen by property smollm3.backend");
    assertThat(byEnvironment.backend().name()).isEqualTo("second");
    assertThat(byEnvironment.reason())
        .isEqualTo("backend 'second' chosen by environment variable SMOLLM3_BACKEND");
    assertThat(byPriority.backend().name()).isEqualTo("first");
  }

  @Test
  void opensByNameWhateverTheCase() {
    assertThat(unconfigured(fake("cpu", 1)).open("CPU", NONE).name()).isEqualTo("cpu");
  }

  @Test
  void unknownNameListsTheNamesThereAre() {
    assertThatThrownBy(() -> unconfigured(fake("cpu", 2), fake("exact", 1)).open("gpu", NONE))
        .isInstanceOf(BackendException.class)
        .hasMessage("unknown backend 'gpu'; there are: cpu, exact");
    assertThatThrownBy(() -> unconfigured().open("gpu", NONE))
        .hasMessage("unknown backend 'gpu'; there are: none");
  }

  @Test
  void configuredNamesNeverFallBack() {
    List<BackendProvider> providers = List.of(fake("cpu", 1), unavailable("chip", 2, "no driver"));

    assertThatThrownBy(() -> Backends.of(providers, Map.of(), "chip").choose(NONE))
        .isInstanceOf(BackendException.class)
        .hasMessage("backend 'chip' is unavailable: no driver (remedy of chip)");
    assertThatThrownBy(
            () -> Backends.of(providers, Map.of(Backends.ENVIRONMENT, "gpu"), "").choose(NONE))
        .hasMessage("unknown backend 'gpu'; there are: chip, cpu");
    assertThatThrownBy(() -> Backends.of(providers, Map.of(), "").open("chip", NONE))
        .hasMessage("backend 'chip' is unavailable: no driver (remedy of chip)");
  }

  @Test
  void aChosenOneThatFailsToOpenIsNotReplaced() {
    Backends backends =
        unconfigured(
            failingToOpen("fast", new IllegalStateException("no\nmemory")), fake("cpu", 1));

    assertThatThrownBy(() -> backends.choose(NONE))
        .isInstanceOf(BackendException.class)
        .hasMessage("backend 'fast' failed to open: no memory")
        .hasCauseInstanceOf(IllegalStateException.class);
  }

  @Test
  void reportedErrorsOfAProviderPassUnchanged() {
    UnsupportedCapabilityException refusal = new UnsupportedCapabilityException("not that");

    assertThatThrownBy(() -> unconfigured(failingToOpen("fast", refusal)).choose(NONE))
        .isSameAs(refusal);
  }

  @Test
  void whereNoneCanBeHadEveryReasonIsGiven() {
    assertThatThrownBy(
            () ->
                unconfigured(unavailable("chip", 2, "no driver"), unavailable("gpu", 1, "no card"))
                    .choose(NONE))
        .isInstanceOf(BackendException.class)
        .hasMessage(
            "no backend is available: 'chip' is unavailable: no driver (remedy of chip);"
                + " 'gpu' is unavailable: no card (remedy of gpu)");
    assertThatThrownBy(() -> unconfigured().choose(NONE))
        .hasMessage("no backend found; put smollm3-reference-cpu on the class path or module path");
  }

  @Property(tries = 6)
  void anyFailureOfAProbeIsReportedAndHarmsNoOther(@ForAll Failure failure) {
    Backends backends = unconfigured(fake("cpu", 1), probing("bad", 9, failure::raise));

    assertThat(backends.choose(NONE).backend().name()).isEqualTo("cpu");
    assertThat(backends.candidates().get(0).availability())
        .isInstanceOfSatisfying(
            Unavailable.class,
            unavailable ->
                assertThat(unavailable.reason())
                    .startsWith("its probe failed: ")
                    .doesNotContain("\n"));
  }

  @Test
  void aProviderThatAnswersNullIsReportedAndHarmsNoOther() {
    Backends backends = unconfigured(fake("cpu", 1), probing("bad", 9, BackendsTest::nothing));

    assertThat(backends.choose(NONE).backend().name()).isEqualTo("cpu");
    assertThat(backends.choose(NONE).reason()).contains("'bad' is unavailable: its probe failed: ");
  }

  @Test
  void aProviderThatCannotEvenNameItselfIsReportedAndHarmsNoOther() {
    BackendProvider nameless =
        new Fake("nameless", 9, () -> new Available(""), () -> new FakeBackend("nameless")) {
          @Override
          public String name() {
            throw new IllegalStateException("no name");
          }
        };
    Backends backends = unconfigured(nameless, fake("cpu", 1));

    assertThat(backends.choose(NONE).backend().name()).isEqualTo("cpu");
    assertThat(backends.candidates()).extracting(Candidate::priority).contains(Integer.MIN_VALUE);
    assertThat(backends.choose(NONE).reason()).contains("it cannot say what it is: no name");
  }

  @Test
  void ofTwoWithOneNameOneIsTakenWhateverTheOrderAndTheOtherReported() {
    BackendProvider one = fake("cpu", 1);
    BackendProvider two =
        new Fake("cpu", 2, () -> new Available(""), () -> new FakeBackend("two")) {};

    for (Backends backends : List.of(unconfigured(one, two), unconfigured(two, one))) {
      assertThat(backends.open("cpu", NONE).name()).isEqualTo("two");
      assertThat(backends.candidates().get(1).availability())
          .isInstanceOfSatisfying(
              Unavailable.class,
              hidden -> assertThat(hidden.reason()).startsWith("the name is taken by "));
    }
  }

  /** The ways a probe can go wrong. */
  enum Failure {
    ILLEGAL_STATE,
    UNSUPPORTED,
    NULL_POINTER,
    UNSATISFIED_LINK,
    OWN,
    WITHOUT_MESSAGE;

    Availability raise() {
      switch (this) {
        case ILLEGAL_STATE -> throw new IllegalStateException("two\nlines");
        case UNSUPPORTED -> throw new UnsupportedOperationException("no");
        case NULL_POINTER -> throw new NullPointerException("null");
        case UNSATISFIED_LINK -> throw new UnsatisfiedLinkError("no lib");
        case OWN -> throw new BackendException("own");
        default -> throw new IllegalArgumentException();
      }
    }
  }

  @SuppressWarnings("NullAway") // what a provider compiled without null checks can do
  private static Availability nothing() {
    return null;
  }

  private static Backends unconfigured(BackendProvider... providers) {
    return Backends.of(List.of(providers), Map.of(), "");
  }

  private static BackendProvider fake(String name, int priority) {
    return probing(name, priority, () -> new Available("details of " + name));
  }

  private static BackendProvider unavailable(String name, int priority, String reason) {
    return probing(name, priority, () -> new Unavailable(reason, "remedy of " + name));
  }

  private static BackendProvider probing(
      String name, int priority, Supplier<Availability> availability) {
    return new Fake(name, priority, availability, () -> new FakeBackend(name));
  }

  private static BackendProvider failingToOpen(String name, RuntimeException failure) {
    return new Fake(
        name,
        100,
        () -> new Available("details of " + name),
        () -> {
          throw failure;
        });
  }

  private static class Fake implements BackendProvider {
    private final String name;
    private final int priority;
    private final Supplier<Availability> availability;
    private final Supplier<Backend> backend;

    Fake(
        String name, int priority, Supplier<Availability> availability, Supplier<Backend> backend) {
      this.name = name;
      this.priority = priority;
      this.availability = availability;
      this.backend = backend;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public String description() {
      return "fake " + name;
    }

    @Override
    public int priority() {
      return priority;
    }

    @Override
    public Availability probe() {
      return availability.get();
    }

    @Override
    public Backend open(BackendOptions options) {
      return backend.get();
    }
  }

  private record FakeBackend(String name) implements Backend {
    @Override
    public Set<Capability> capabilities() {
      return Set.of();
    }

    @Override
    public NumericsProfile numerics() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Session load(ProgramSpec program, WeightSource weights, LoadOptions options) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
  }
}
