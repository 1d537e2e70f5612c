package org.smollm3.eager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.smollm3.tensor.DType;
import org.smollm3.tensor.Shape;

/** When kernels are told that a tensor's memory may be reused. */
class WorkspaceTest {
  private final List<Long> released = new ArrayList<>();
  private final Workspace workspace = new Workspace();

  private final class Tracked extends EagerTensor {
    private final long id;

    Tracked(long id) {
      super(DType.F32, Shape.of(id));
      this.id = id;
    }

    @Override
    protected void onRelease() {
      released.add(id);
    }
  }

  private Tracked own(long id) {
    return workspace.own(new Tracked(id));
  }

  @Test
  void aScopeReleasesAllButItsSurvivor() {
    workspace.enter("outer");
    own(1);
    workspace.enter("inner");
    own(2);
    Tracked survivor = own(3);
    own(4);
    workspace.exit(Optional.of(survivor));
    assertThat(released).containsExactly(2L, 4L);
    assertThat(survivor.shape()).isEqualTo(Shape.of(3));
    workspace.exit(Optional.empty());
    assertThat(released).containsExactly(2L, 4L, 1L, 3L);
  }

  @Test
  void aSurvivorFromOutsideIsNotReleasedEarlyNorTwice() {
    workspace.enter("outer");
    Tracked outside = own(1);
    workspace.enter("middle");
    workspace.enter("inner");
    own(2);
    workspace.exit(Optional.of(outside));
    workspace.exit(Optional.of(outside));
    assertThat(released).containsExactly(2L);
    workspace.exit(Optional.empty());
    assertThat(released).containsExactly(2L, 1L);
  }

  @Test
  void aTensorGivenToNoScopeIsNeverReleased() {
    Tracked weight = new Tracked(1);
    workspace.enter("outer");
    workspace.exit(Optional.of(weight));
    assertThat(released).isEmpty();
    assertThat(weight.dtype()).isEqualTo(DType.F32);
  }

  @Test
  void outsideOfRunsThereIsNoScope() {
    assertThatThrownBy(() -> own(1)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(workspace::scopeName).isInstanceOf(IllegalStateException.class);
    workspace.enter("a");
    assertThat(workspace.scopeName()).isEqualTo("a");
  }
}
