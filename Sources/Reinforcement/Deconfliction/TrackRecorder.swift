import Foundation

/// What a drone and its intruders did in the deconfliction scene, step by step: for pictures.
public struct TrackRecorder {
  /// Places of one episode.
  public struct Track: Sendable {
    /// Drone, position as it sees itself, both intruders: `[step][4]`.
    public var places: [[SIMD3<Float>]] = []
    /// How many intruders each slot has had: a jump between two steps is a new one.
    public var spawns: [[Int]] = []
  }

  /// One an episode, in their order.
  public private(set) var tracks: [Track]

  /// Nil where the environment is no deconfliction scene.
  public init?(_ environment: any Environment, episodes: Int) {
    guard environment.name == "deconfliction" else { return nil }
    tracks = Array(repeating: Track(), count: episodes)
  }

  /// Notes where all are, in the lanes whose episode is not over.
  public mutating func record(_ copies: EnvironmentCopies, _ isFlying: [Bool]) {
    typealias State = DeconflictionScene.State
    let (state, count) = (copies.states.floats, copies.count)
    func place(_ component: Int, _ lane: Int) -> SIMD3<Float> {
      SIMD3(
        state[component * count + lane], state[(component + 1) * count + lane], state[(component + 2) * count + lane])
    }
    for lane in 0..<count where isFlying[lane] {
      let own = place(State.position, lane)
      let slots = [State.slots, State.slots + State.slotSize]
      tracks[lane].places.append([own, own + place(State.bias, lane)] + slots.map { place($0, lane) })
      tracks[lane].spawns.append(slots.map { Int(state[($0 + 9) * count + lane]) })
    }
  }

  /// Distance of the nearest intruder at each step.
  public func distances(of episode: Int) -> [Float] {
    tracks[episode].places.map { min(Memory.length($0[2] - $0[0]), Memory.length($0[3] - $0[0])) }
  }

  /// One page that loads nothing: each episode from three sides, turning in space, and its distances over time.
  public func page(title: String, _ result: PolicyEvaluation) -> String {
    let episodes = tracks.indices.map { index -> String in
      let places = tracks[index].places.map { step in
        "[" + step.map { "[\(number($0.x)),\(number($0.y)),\(number($0.z))]" }.joined(separator: ",") + "]"
      }
      let spawns = tracks[index].spawns.map { "[\($0[0]),\($0[1])]" }
      let conflicts = result.events["conflicts"]?[index] ?? 0
      let arrival = result.events["arrival"]?[index] ?? 0
      return "{p:[\(places.joined(separator: ","))],s:[\(spawns.joined(separator: ","))],"
        + "r:\(number(Float(result.returns[index]))),c:\(Int(conflicts)),a:\(Int(arrival))}"
    }
    return Self.template.replacing("TITLE", with: title).replacing("EPISODES", with: episodes.joined(separator: ",\n"))
  }

  private func number(_ value: Float) -> String { String(format: "%.3f", value) }

  private static let template = #"""
    <!DOCTYPE html>
    <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
    <title>TITLE</title>
    <style>
    body { font: 15px/1.5 Helvetica, Arial, sans-serif; color: #222; max-width: 1100px; margin: 2em auto; padding: 0 1em }
    canvas { border: 1px solid #ccc; width: 100%; height: auto; background: #fff }
    .grid { display: grid; grid-template-columns: 1fr 1fr; gap: 12px }
    figure { margin: 0 } figcaption { color: #555; font-size: 13px }
    .wide { grid-column: 1 / 3 }
    </style></head><body>
    <h1>TITLE</h1>
    <p><label>Episode <select id="episode"></select></label> <span id="facts"></span></p>
    <p>Blue: the drone; dashed: where it believes to be; orange and green: intruders; red: distances of 1 or less.</p>
    <div class="grid">
    <figure class="wide"><canvas id="space" width="1080" height="460"></canvas><figcaption>in space, turning; drag to turn it yourself</figcaption></figure>
    <figure><canvas id="xy" width="520" height="340"></canvas><figcaption>from above: x, y</figcaption></figure>
    <figure><canvas id="xz" width="520" height="340"></canvas><figcaption>from the side: x, z</figcaption></figure>
    <figure><canvas id="yz" width="520" height="340"></canvas><figcaption>from behind: y, z</figcaption></figure>
    <figure><canvas id="distance" width="520" height="340"></canvas><figcaption>distances to both intruders over time (0.2 s a step); conflicts below the line</figcaption></figure>
    </div>
    <script>
    const episodes = [EPISODES];
    const colors = ["#0072B2", "#0072B2", "#D55E00", "#009E73"], goal = [10, 0, 0];
    const pick = document.getElementById("episode");
    episodes.forEach((e, i) => pick.add(new Option(`${i + 1}: return ${e.r.toFixed(1)}, ${e.c} conflicts${e.a ? "" : ", not arrived"}`, i)));
    const norm = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
    function lines(e, draw) {
      const hasBias = e.p.some(step => norm(step[0], step[1]) > 1e-3);
      for (let k = 0; k < 4; k++) {
        if (k == 1 && !hasBias) continue;
        for (let t = 1; t < e.p.length; t++) {
          if (k > 1 && e.s[t][k - 2] != e.s[t - 1][k - 2]) continue;
          const isConflict = k != 1 && (k == 0 ? Math.min(norm(e.p[t][0], e.p[t][2]), norm(e.p[t][0], e.p[t][3])) : norm(e.p[t][0], e.p[t][k])) <= 1;
          draw(e.p[t - 1][k], e.p[t][k], isConflict ? "#d00000" : colors[k], k == 1, isConflict);
        }
      }
    }
    function plane(id, u, v, e) {
      const c = document.getElementById(id), g = c.getContext("2d");
      g.clearRect(0, 0, c.width, c.height);
      const all = e.p.flat().filter(p => norm(p, e.p[0][0]) < 14).concat([goal]);
      const lo = [u, v].map(a => Math.min(...all.map(p => p[a])) - 1.2), hi = [u, v].map(a => Math.max(...all.map(p => p[a])) + 1.2);
      const s = Math.min((c.width - 50) / (hi[0] - lo[0]), (c.height - 40) / (hi[1] - lo[1]));
      const at = p => [40 + (p[u] - lo[0]) * s, c.height - 25 - (p[v] - lo[1]) * s];
      g.fillStyle = "#777"; g.strokeStyle = "#eee"; g.lineWidth = 1; g.font = "12px Helvetica";
      for (let x = Math.ceil(lo[0] / 2) * 2; x <= hi[0]; x += 2) { const q = 40 + (x - lo[0]) * s; g.beginPath(); g.moveTo(q, 0); g.lineTo(q, c.height - 25); g.stroke(); g.fillText(x, q - 4, c.height - 8); }
      for (let y = Math.ceil(lo[1] / 2) * 2; y <= hi[1]; y += 2) { const q = c.height - 25 - (y - lo[1]) * s; g.beginPath(); g.moveTo(40, q); g.lineTo(c.width, q); g.stroke(); g.fillText(y, 14, q + 4); }
      g.strokeStyle = "#999"; g.beginPath(); g.arc(...at(goal), s, 0, 7); g.stroke();
      lines(e, (a, b, color, isDashed, isThick) => { g.strokeStyle = color; g.lineWidth = isThick ? 4 : 1.8; g.setLineDash(isDashed ? [4, 3] : []); g.beginPath(); g.moveTo(...at(a)); g.lineTo(...at(b)); g.stroke(); });
      g.setLineDash([]); g.fillStyle = "#0072B2"; g.beginPath(); g.arc(...at(e.p[0][0]), 4, 0, 7); g.fill();
    }
    function distances(e) {
      const c = document.getElementById("distance"), g = c.getContext("2d");
      g.clearRect(0, 0, c.width, c.height);
      const x = t => 40 + t * (c.width - 55) / Math.max(e.p.length - 1, 1), y = d => c.height - 25 - Math.min(d, 8) * (c.height - 40) / 8;
      g.fillStyle = "#fde8e8"; g.fillRect(40, y(1), c.width - 55, y(0) - y(1));
      g.fillStyle = "#777"; g.font = "12px Helvetica"; g.strokeStyle = "#eee";
      for (let d = 0; d <= 8; d += 2) { g.beginPath(); g.moveTo(40, y(d)); g.lineTo(c.width - 15, y(d)); g.stroke(); g.fillText(d, 20, y(d) + 4); }
      for (let t = 0; t < e.p.length; t += 10) g.fillText(t, x(t) - 6, c.height - 8);
      for (const k of [2, 3]) for (let t = 1; t < e.p.length; t++) {
        if (e.s[t][k - 2] != e.s[t - 1][k - 2]) continue;
        const a = norm(e.p[t - 1][0], e.p[t - 1][k]), b = norm(e.p[t][0], e.p[t][k]);
        g.strokeStyle = b <= 1 ? "#d00000" : colors[k]; g.lineWidth = b <= 1 ? 4 : 1.8; g.beginPath(); g.moveTo(x(t - 1), y(a)); g.lineTo(x(t), y(b)); g.stroke();
      }
    }
    let angle = -0.6, tilt = 0.45, isHeld = false;
    function space(e) {
      const c = document.getElementById("space"), g = c.getContext("2d");
      g.clearRect(0, 0, c.width, c.height);
      const at = p => {
        const x = p[0] - 5, y = p[1], z = p[2], ca = Math.cos(angle), sa = Math.sin(angle);
        const u = ca * x - sa * y, w = sa * x + ca * y, depth = 1 + w * Math.cos(tilt) / 40;
        return [c.width / 2 + 46 * u / depth, c.height / 2 + 46 * (w * Math.sin(tilt) - z * Math.cos(tilt)) / depth];
      };
      g.strokeStyle = "#e4e4e4"; g.lineWidth = 1;
      for (let i = -2; i <= 12; i += 2) { g.beginPath(); g.moveTo(...at([i, -6, -2])); g.lineTo(...at([i, 6, -2])); g.stroke(); }
      for (let j = -6; j <= 6; j += 2) { g.beginPath(); g.moveTo(...at([-2, j, -2])); g.lineTo(...at([12, j, -2])); g.stroke(); }
      g.strokeStyle = "#999"; g.beginPath(); g.arc(...at(goal), 46, 0, 7); g.stroke();
      lines(e, (a, b, color, isDashed, isThick) => {
        if (norm(b, e.p[0][0]) > 14) return;
        g.strokeStyle = color; g.lineWidth = isThick ? 5 : 2; g.setLineDash(isDashed ? [4, 3] : []);
        g.beginPath(); g.moveTo(...at(a)); g.lineTo(...at(b)); g.stroke();
      });
      g.setLineDash([]); g.fillStyle = "#0072B2"; g.beginPath(); g.arc(...at(e.p[0][0]), 5, 0, 7); g.fill();
    }
    let current = episodes[0];
    function show() {
      current = episodes[pick.value];
      document.getElementById("facts").textContent = `${current.p.length} steps`;
      plane("xy", 0, 1, current); plane("xz", 0, 2, current); plane("yz", 1, 2, current); distances(current); space(current);
    }
    pick.onchange = show;
    const canvas = document.getElementById("space");
    canvas.onpointerdown = event => { isHeld = true; canvas.setPointerCapture(event.pointerId); };
    canvas.onpointerup = () => { isHeld = false; };
    canvas.onpointermove = event => { if (isHeld) { angle -= event.movementX / 150; tilt = Math.max(0, Math.min(1.5, tilt + event.movementY / 200)); } };
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    (function turn() { if (!isHeld && !isStill) angle += 0.004; space(current); requestAnimationFrame(turn); })();
    show();
    </script></body></html>
    """#
}
