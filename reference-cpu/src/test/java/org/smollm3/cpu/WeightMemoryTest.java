package org.smollm3.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.smollm3.error.BackendException;
import org.smollm3.spi.BackendOptions;

class WeightMemoryTest {
  private static BackendOptions option(String value) {
    return new BackendOptions(Map.of("weights-memory", value));
  }

  @Test
  void weightsStayMappedUnlessAskedFor() {
    assertThat(WeightMemory.Kind.of(BackendOptions.defaults())).isEqualTo(WeightMemory.Kind.MAPPED);
    assertThat(WeightMemory.Kind.of(option("mapped"))).isEqualTo(WeightMemory.Kind.MAPPED);
    assertThatThrownBy(() -> WeightMemory.Kind.of(option("large")))
        .isInstanceOf(BackendException.class)
        .hasMessage("option weights-memory is 'large'; give mapped or huge-pages");
    try (WorkerPool pool = new WorkerPool(1);
        Arena arena = Arena.ofConfined();
        WeightMemory memory = new WeightMemory(WeightMemory.Kind.MAPPED, pool)) {
      MemorySegment weight = arena.allocate(8 << 20);
      assertThat(memory.place(weight)).isSameAs(weight);
      assertThat(memory.description()).isEqualTo("mapped from their files");
    }
  }

  @Test
  void mappedWeightsHaveTheClassOfWorkMemory(@TempDir Path folder) throws IOException {
    Path file = Files.write(folder.resolve("weights"), new byte[] {1, 2, 3, 4, 5, 6, 7});
    try (WorkerPool pool = new WorkerPool(1);
        FileChannel channel = FileChannel.open(file);
        Arena arena = Arena.ofShared();
        WeightMemory memory = new WeightMemory(WeightMemory.Kind.MAPPED, pool)) {
      MemorySegment mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, 7, arena);
      MemorySegment weight = mapped.asSlice(1, 4);
      MemorySegment placed = memory.place(weight);
      assertThat(placed.getClass()).isEqualTo(arena.allocate(4).getClass());
      assertThat(placed.getClass()).isNotEqualTo(weight.getClass());
      assertThat(placed.address()).isEqualTo(weight.address());
      assertThat(placed.toArray(ValueLayout.JAVA_BYTE)).containsExactly(2, 3, 4, 5);
      assertThat(placed.scope()).isEqualTo(arena.scope());
      assertThat(placed.isReadOnly()).isTrue();
      assertThat(memory.isMapped(placed)).isTrue();
      assertThat(memory.isMapped(arena.allocate(4))).isFalse();
      MemorySegment odd = mapped.asSlice(0, 7);
      assertThat(memory.place(odd)).isSameAs(odd);
    }
  }

  @Test
  void copiesAreEqualAlignedAndMadeOnce() {
    assumeThat(HugePages.refusal()).isEmpty();
    try (WorkerPool pool = new WorkerPool(2);
        Arena arena = Arena.ofShared();
        WeightMemory memory = new WeightMemory(WeightMemory.Kind.HUGE_PAGES, pool)) {
      MemorySegment weight = arena.allocate((40 << 20) + 12, 8);
      for (long i = 0; i < weight.byteSize() / 4; i++) {
        weight.setAtIndex(ValueLayout.JAVA_INT, i, (int) i * 31);
      }
      MemorySegment copy = memory.place(weight);
      assertThat(copy.address()).isNotEqualTo(weight.address());
      assertThat(copy.address() % HugePages.SIZE).isZero();
      assertThat(copy.mismatch(weight)).isEqualTo(-1);
      assertThat(memory.place(weight.asSlice(0)).address()).isEqualTo(copy.address());
      assertThat(memory.description()).startsWith("copied to huge pages (0.04 GB, ");
      MemorySegment small = arena.allocate(4096);
      assertThat(memory.place(small)).isSameAs(small);
    }
  }

  /** So that generate and a report of the kit name it. */
  @Test
  void theBackendsDescriptionNamesIt() {
    assumeThat(HugePages.refusal()).isEmpty();
    CpuSettings settings = CpuSettings.read(new BackendOptions(Map.of("weights", "int8")));
    try (CpuBackend huge = new CpuBackend(settings, WeightMemory.Kind.HUGE_PAGES)) {
      assertThat(huge.description())
          .isEqualTo("cpu with weights rounded to int8, copied to huge pages");
    }
  }

  @Test
  void whereTheyCannotBeHadTheReasonIsOneLine(@TempDir Path folder) throws IOException {
    assertThat(HugePages.refusal("Mac OS X", folder))
        .hasValue("they need Linux, this is Mac OS X; use weights-memory=mapped");
    assertThat(HugePages.refusal("Linux", folder.resolve("enabled")).orElseThrow())
        .startsWith("this kernel has no transparent huge pages");
    Path state = Files.writeString(folder.resolve("enabled"), "always madvise [never]\n");
    assertThat(HugePages.refusal("Linux", state).orElseThrow())
        .startsWith("transparent huge pages are off")
        .endsWith("or use weights-memory=mapped");
    Files.writeString(state, "always [madvise] never\n");
    assertThat(HugePages.refusal("Linux", state)).isEmpty();
  }

  @Test
  void moreThanIsFreeIsRefusedBeforeItIsTaken() {
    assumeThat(Files.exists(Path.of("/proc/meminfo"))).isTrue();
    HugePages.requireRoom(4096);
    assertThatThrownBy(() -> HugePages.requireRoom(1L << 50))
        .isInstanceOf(BackendException.class)
        .hasMessageMatching("weights-memory=huge-pages needs \\S+ GB for the copy, .* are free.*");
  }
}
