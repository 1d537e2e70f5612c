package org.smollm3.neuron.nrt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** The binding over a C library: values, structs, strings and out-pointers arrive intact. */
class CompiledLibraryTest {
  private static final MemorySegment MODEL = MemorySegment.ofAddress(0x7123456789abcde0L);
  private static final MemorySegment SET = MemorySegment.ofAddress(0x7fffffffffffffffL);
  private static final MemorySegment TENSOR = MemorySegment.ofAddress(0xffff800000000000L);
  private static final long LARGE = 5_000_000_000L;

  @TempDir(cleanup = CleanupMode.ALWAYS)
  static Path folder;

  private static FakeLibrary library;
  private static Libnrt nrt;

  @BeforeAll
  static void compile() {
    library = FakeLibrary.in(folder);
    nrt = Libnrt.bind(library.symbols());
  }

  @BeforeEach
  void succeed() {
    library.willReturn(0);
  }

  @Test
  void structsAreWhereTheCCompilerHasThem() {
    List<String> expected = new ArrayList<>();
    Table.rows("structs.txt").forEach(row -> expected.add(String.join(" ", row)));

    assertThat(library.layout().lines()).containsExactlyElementsOf(expected);
  }

  @Test
  void argumentsArriveIntact() {
    Map<String, Runnable> calls = new LinkedHashMap<>();
    MemorySegment neff = Arena.ofAuto().allocateFrom("neff").asSlice(0, 4);
    calls.put("nrt_init 1 'a' 'ü' cores=none", () -> nrt.init(1, "a", "ü"));
    calls.put("nrt_close", nrt::close);
    calls.put("nrt_load neff 4 3 -1", () -> nrt.load(neff, 3, -1));
    calls.put(
        "nrt_load_collectives neff 4 3 -1 4 4000000000",
        () -> nrt.loadCollectives(neff, 3, -1, 4, (int) 4_000_000_000L));
    calls.put("nrt_unload 7123456789abcde0", () -> nrt.unload(MODEL));
    calls.put("nrt_allocate_tensor_set", nrt::allocateTensorSet);
    calls.put("nrt_destroy_tensor_set 7fffffffffffffff", () -> nrt.destroyTensorSet(SET));
    calls.put(
        "nrt_add_tensor_to_tensor_set 7fffffffffffffff 'input0' ffff800000000000",
        () -> nrt.addTensorToTensorSet(SET, "input0", TENSOR));
    calls.put(
        "nrt_execute 7123456789abcde0 7fffffffffffffff ffff800000000000",
        () -> nrt.execute(MODEL, SET, TENSOR));
    calls.put(
        "nrt_tensor_allocate 0 31 5000000000 'layers.0'",
        () -> nrt.allocateTensor(0, 31, LARGE, "layers.0"));
    calls.put("nrt_tensor_free ffff800000000000", () -> nrt.freeTensor(TENSOR));
    calls.put("nrt_get_visible_nc_count", nrt::visibleNcCount);
    calls.put("nrt_get_visible_vnc_count", nrt::visibleVncCount);
    calls.put("nrt_get_total_nc_count", nrt::totalNcCount);
    calls.put("nrt_get_version 224", nrt::version);
    calls.put("nrt_get_instance_info 32", nrt::instanceInfo);
    calls.put("nrt_get_vnc_memory_stats 5 16", () -> nrt.memoryStats(5));
    calls.put(
        "nrt_tensor_memset ffff800000000000 5000000000 -1 5000000001",
        () -> nrt.memset(TENSOR, LARGE, -1, LARGE + 1));
    calls.put(
        "nrt_tensor_copy ffff800000000000 5000000000 7fffffffffffffff 7 5000000001",
        () -> nrt.copy(TENSOR, LARGE, SET, 7, LARGE + 1));
    calls.put("nrt_tensor_get_size ffff800000000000", () -> nrt.tensorSize(TENSOR));
    calls.put(
        "nrt_tensor_allocate_slice ffff800000000000 5000000000 8 'part'",
        () -> nrt.allocateSlice(TENSOR, LARGE, 8, "part"));
    calls.put("nrt_barrier 1 2 3", () -> nrt.barrier(1, 2, 3));
    calls.put("nrt_build_global_comm 1 2 3", () -> nrt.buildGlobalComm(1, 2, 3));
    calls.put("nrt_free_model_tensor_info 2", () -> nrt.modelTensors(MODEL));

    calls.forEach(
        (expected, call) -> {
          call.run();
          assertThat(library.lastCall()).isEqualTo(expected);
        });
  }

  @Test
  void resultsArriveIntact() {
    MemorySegment neff = Arena.ofAuto().allocate(1);

    assertThat(nrt.load(neff, 0, -1).address()).isEqualTo(0x7000000000000010L);
    assertThat(nrt.loadCollectives(neff, 0, -1, 0, 1).address()).isEqualTo(0x7000000000000020L);
    assertThat(nrt.allocateTensorSet().address()).isEqualTo(0x7000000000000030L);
    assertThat(nrt.allocateTensor(0, 0, 1, "").address()).isEqualTo(0x7000000000000040L);
    assertThat(nrt.allocateSlice(TENSOR, 0, 1, "").address()).isEqualTo(0x7000000000000050L);
    assertThat(nrt.visibleNcCount()).isEqualTo(32);
    assertThat(nrt.visibleVncCount()).isEqualTo(16);
    assertThat(nrt.totalNcCount()).isEqualTo(64);
    assertThat(nrt.tensorSize(TENSOR)).isEqualTo(3L << 40);
    assertThat(nrt.memoryStats(0)).contains(new MemoryStats(1L << 33, 3L << 33));
    assertThat(nrt.version())
        .contains(new RuntimeVersion(2, 31, 24, 1L << 40, "d".repeat(128), "0123abcd"));
    assertThat(nrt.instanceInfo()).contains(new InstanceInfo(4, 7, "inf2", "rev-four"));
    assertThat(nrt.instanceInfo().orElseThrow().name()).isEqualTo("inf2.48xlarge");
    assertThat(nrt.modelTensors(MODEL).orElseThrow())
        .containsExactly(
            new TensorInfo("input0", TensorInfo.Usage.INPUT, 5L << 32),
            new TensorInfo("n".repeat(255), TensorInfo.Usage.OUTPUT, 12));
    assertThat(nrt.statusText(77)).isEqualTo("NRT_FAKE_77");
    assertThat(nrt.statusText(8)).isEmpty();
  }

  @Test
  void anOlderInstanceInfoIsReadWithoutItsNewFields() {
    library.willReturn(2);

    assertThatThrownBy(nrt::instanceInfo).isInstanceOf(NeuronRuntimeException.class);
    assertThat(library.lastCall()).isEqualTo("nrt_get_instance_info 8");
  }

  @Test
  void buffersArriveIntact() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocateFrom("abc", StandardCharsets.US_ASCII).asSlice(0, 3);
      nrt.writeTensor(TENSOR, data, LARGE);
      long sum = ((long) 'a' * 31 + 'b') * 31 + 'c';
      assertThat(library.lastCall())
          .isEqualTo("nrt_tensor_write ffff800000000000 5000000000 3 " + sum);

      MemorySegment buffer = arena.allocate(4);
      nrt.readTensor(TENSOR, buffer, 9);
      assertThat(library.lastCall()).isEqualTo("nrt_tensor_read ffff800000000000 9 4");
      assertThat(buffer.toArray(ValueLayout.JAVA_BYTE)).containsExactly(0, 7, 14, 21);
    }
  }

  @Test
  void everyStatusBecomesAnExceptionThatNamesItAndSaysWhatToDo() {
    for (NrtStatus status : NrtStatus.values()) {
      if (status == NrtStatus.SUCCESS) {
        continue;
      }
      library.willReturn(status.code());
      assertThatThrownBy(() -> nrt.unload(MODEL))
          .hasMessage(
              "nrt_unload failed: "
                  + status.symbol()
                  + " ("
                  + status.code()
                  + "), "
                  + status.meaning()
                  + "; "
                  + status.remedy())
          .isInstanceOfSatisfying(
              NeuronRuntimeException.class,
              e -> {
                assertThat(e.status()).contains(status);
                assertThat(e.code()).hasValue(status.code());
                assertThat(e.failure()).isEqualTo(status.failure());
                assertThat(e.function()).isEqualTo("nrt_unload");
                assertThat(e.rank()).isEmpty();
              });
    }
  }

  @Test
  void anUnknownStatusIsCalledWhatTheLibraryCallsIt() {
    library.willReturn(77);

    assertThatThrownBy(() -> nrt.unload(MODEL))
        .hasMessage("nrt_unload failed: NRT_FAKE_77 (77); read the log of the runtime")
        .isInstanceOfSatisfying(
            NeuronRuntimeException.class,
            e -> {
              assertThat(e.status()).isEmpty();
              assertThat(e.code()).hasValue(77);
              assertThat(e.failure()).isEqualTo(Failure.OTHER);
            });
  }

  @Test
  void numbersThatAreNoneAreNoFailureOfARun() {
    library.willReturn(NrtStatus.EXEC_COMPLETED_WITH_NUM_ERR.code());

    assertThat(nrt.execute(MODEL, SET, SET)).isEqualTo(ExecutionStatus.COMPLETED_WITH_NAN);
  }

  @Test
  void aSessionSetsTheEnvironmentOfTheProcessBeforeItInitialises() {
    NrtLibrary found =
        ((NrtSearch.Found) new NrtFinder(Optional.of(folder + "/libnrt.so.1"), "", "").find())
            .library();
    String before = Libc.ofProcess().get("NEURON_RT_NUM_CORES").orElse("none");

    List<String> seen = new ArrayList<>();
    try (NeuronRuntime runtime = NeuronRuntime.open(found, RuntimeOptions.ofRanks(1))) {
      seen.add(Libc.ofProcess().get("NEURON_RT_NUM_CORES").orElse("none"));
      assertThat(runtime.info().visibleCores()).isEqualTo(16);
    }

    assertThat(seen).containsExactly(before.equals("none") ? "1" : before);
    assertThat(Libc.ofProcess().get("NEURON_RT_NUM_CORES").orElse("none")).isEqualTo(before);
    assertThat(library.lastCall()).isEqualTo("nrt_close");
  }
}
