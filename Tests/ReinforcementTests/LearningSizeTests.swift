import Reinforcement
import Testing

/// Networks and batches that no memory holds are refused before they are made.
@Suite struct LearningSizeTests {
  private func refuses(_ hint: String, _ body: () throws -> Void) {
    #expect(throws: ControlError.self, "\(hint)") { try body() }
  }

  @Test(arguments: [[10_000_000, 10_000_000], [Int.max], [Int.max, 2], [0], []]) func widths(_ hidden: [Int]) throws {
    let key = RandomKey(seed: 0)
    let pendulum = try ControlProblem(name: "pendulum").environment()
    refuses("td3") {
      var method = TD3()
      method.hidden = hidden
      _ = try OffPolicyTraining(method, in: pendulum, key: key)
    }
    refuses("sac") {
      var method = SAC()
      method.hidden = hidden
      _ = try OffPolicyTraining(method, in: pendulum, key: key)
    }
    refuses("ppo") {
      var method = PPO()
      method.hidden = hidden
      _ = try PPOTraining(method, in: pendulum, key: key)
    }
  }

  @Test(arguments: [10_000_000, Int.max]) func rows(_ count: Int) throws {
    let key = RandomKey(seed: 0)
    let pendulum = try ControlProblem(name: "pendulum").environment()
    refuses("batch") {
      var schedule = OffPolicySchedule()
      (schedule.batch, schedule.capacity) = (count, 1000)
      _ = try OffPolicyTraining(TD3(), in: pendulum, schedule: schedule, key: key)
    }
    refuses("environments") {
      var schedule = OffPolicySchedule()
      schedule.environments = count
      _ = try OffPolicyTraining(TD3(), in: pendulum, schedule: schedule, key: key)
    }
    refuses("rollout") {
      var method = PPO()
      method.horizon = count
      method.minibatch = 2
      _ = try PPOTraining(method, in: pendulum, key: key)
    }
  }
}
