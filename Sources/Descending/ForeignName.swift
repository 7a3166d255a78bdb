/// Names of other libraries and of papers, each with what says the same here: whoever writes `sgd` is told the chain, and
/// not the name that looks most like it.
package enum ForeignName {
  /// What says the same, as chains or stages to copy.
  private struct Entry {
    let names: [String]
    let texts: [String]
    var remark = ""
  }

  /// Names without signs and in small letters.
  private static let entries: [Entry] = [
    Entry(
      names: ["sgd", "sgdm", "gd", "gradientdescent", "heavyball", "trace"],
      texts: ["momentum 0.9 | rate 0.1", "rate 0.1"], remark: "with momentum and without"),
    Entry(names: ["nesterov", "nag", "nesterovmomentum"], texts: ["momentum 0.9 nesterov=true | rate 0.1"]),
    Entry(names: ["adamw"], texts: ["adam | decay 0.01 | rate 0.001"]),
    Entry(names: ["scalebyadam"], texts: ["adam"]),
    Entry(names: ["amsgrad", "scalebyamsgrad"], texts: ["adam amsgrad=true | rate 0.001"]),
    Entry(names: ["nadam"], texts: ["adam nesterov=true | rate 0.001"]),
    Entry(names: ["nadamw"], texts: ["adam nesterov=true | decay 0.01 | rate 0.001"]),
    Entry(names: ["scalebylion", "lionw"], texts: ["lion | decay 0.1 | rate 0.0003"]),
    Entry(names: ["scalebybelief"], texts: ["adabelief"]),
    Entry(names: ["scalebyradam", "rectifiedadam"], texts: ["radam"]),
    Entry(names: ["scalebyadamax"], texts: ["adamax"]),
    Entry(names: ["scalebyadadelta"], texts: ["adadelta"]),
    Entry(names: ["scalebyadan"], texts: ["adan"]),
    Entry(names: ["scalebyademamix"], texts: ["ademamix"]),
    Entry(names: ["scalebyadopt", "adoptw"], texts: ["adopt | decay 0.01 | rate 0.001"]),
    Entry(names: ["marsadamw", "scalebymars"], texts: ["mars | decay 0.01 | rate 0.003"]),
    Entry(names: ["scalebydog", "distanceovergradients"], texts: ["dog | rate 1"]),
    Entry(names: ["dowg", "scalebydowg"], texts: ["dog weighted=true | rate 1"]),
    Entry(names: ["sophiah", "scalebysophia"], texts: ["sophia | decay 0.1 | rate 0.001"]),
    Entry(names: ["scalebyshampoo", "distributedshampoo"], texts: ["shampoo | rate 0.001"]),
    Entry(names: ["kron", "psgdkron", "kronwhiten", "scalebykron"], texts: ["psgd | decay 0.01 | rate 0.0003"]),
    Entry(names: ["cautiousadamw", "cadamw", "cadam"], texts: ["cautious (adam) | decay 0.01 | rate 0.001"]),
    Entry(names: ["clion"], texts: ["cautious (lion) | decay 0.1 | rate 0.0003"]),
    Entry(names: ["scalebyfactoredrms"], texts: ["adafactor"]),
    Entry(names: ["scalebyrprop", "irprop", "resilientpropagation"], texts: ["rprop"]),
    Entry(
      names: ["schedulefreeadamw", "adamwschedulefree", "schedulefreeadam"],
      texts: ["schedulefree (adam beta1=0 | decay 0.01 | rate 0.0025)"]),
    Entry(names: ["schedulefreesgd", "sgdschedulefree"], texts: ["schedulefree (rate 1)"]),
    Entry(
      names: ["bfgs", "scalebylbfgs", "quasinewton"], texts: ["linesearch trials=20 (lbfgs | rate 1)"],
      remark: "for gradients of all examples"),
    Entry(
      names: ["hessianfree", "newtoncg", "truncatednewton", "trustncg", "hf"], texts: ["newton (rate 1)"]),
    Entry(names: ["lamb"], texts: ["adam epsilon=1e-6 | decay 0.01 | trustratio | rate 0.001"]),
    Entry(names: ["lars"], texts: ["decay 1e-4 | trustratio 0.001 | momentum 0.9 | rate 1"]),
    Entry(names: ["scalebytrustratio"], texts: ["trustratio"]),
    Entry(
      names: ["muon", "scalebymuon", "orthogonalize", "newtonschulz", "zeropowervianewtonschulz5"],
      texts: ["groups (*/weight: momentum 0.95 nesterov=true | polar | rate 0.02; */bias: adam | rate 0.001)"],
      remark: "for matrices, and another chain for all else"),
    Entry(names: ["scalebyrms"], texts: ["rmsprop"]),
    Entry(names: ["scalebyrss"], texts: ["adagrad"]),
    Entry(names: ["signsgd", "scalebysign"], texts: ["sign | rate 0.001"]),
    Entry(names: ["signum", "signsgdm", "signmomentum"], texts: ["momentum 0.9 | sign | rate 0.001"]),
    Entry(
      names: ["lr", "learningrate", "stepsize", "eta", "scalebylearningrate", "scalebyschedule"],
      texts: ["rate 0.001"]),
    Entry(
      names: ["wd", "weightdecay", "l2", "l2regularization", "adddecayedweights"], texts: ["decay 0.01"],
      remark: "before momentum it is L2 regularisation, behind adam it is decoupled"),
    Entry(
      names: [
        "clipnorm", "globalclipnorm", "clipgradnorm", "gradclip", "gradientclip", "clipbyglobalnorm",
        "gradientclipping",
      ], texts: ["clip 1"], remark: "the norm of all gradients together"),
    Entry(
      names: ["clipgradvalue", "clipbyvalue"], texts: ["clipvalue 0.5"], remark: "each element"),
    Entry(
      names: ["ema", "movingaverage", "modelema", "averagedmodel", "polyak"], texts: ["rate 0.1 | average 0.999"],
      remark: "of the parameters, behind the rate"),
    Entry(
      names: [
        "nonneg", "nonnegative", "keepparamsnonnegative", "project", "projection", "projectionbox", "box", "clamp",
        "projectedgradient", "constraint",
      ], texts: ["rate 0.1 | bounds 0", "rate 0.1 | bounds -1 1"], remark: "behind the rate"),
    Entry(
      names: [
        "lasso", "ista", "fista", "proximal", "prox", "proximalgradient", "softthreshold", "sparse", "l1regularization",
      ],
      texts: ["rate 0.1 | l1 0.01"], remark: "behind the rate"),
    Entry(names: ["addnoise", "gaussiannoise", "gradientnoise"], texts: ["noise 0.01"]),
    Entry(names: ["gradientcentralization"], texts: ["centralize"]),
    Entry(names: ["orthograd"], texts: ["orthogonal"]),
    Entry(names: ["ayla"], texts: ["losspower 0.75"]),
    Entry(names: ["applyiffinite", "skipnotfinite", "zeronans"], texts: ["finite (adam | rate 0.001)"]),
    Entry(
      names: ["multisteps", "accumulategradbatches", "gradientaccumulation", "gradientaccumulationsteps"],
      texts: ["accumulate 4 (adam | rate 0.001)"]),
    Entry(
      names: ["multitransform", "paramgroups", "parametergroups", "partition"],
      texts: ["groups (*/weight: adam | rate 0.001; */bias: rate 0.01)"]),
    Entry(names: ["sharpnessaware"], texts: ["sam 0.05 (momentum 0.9 | rate 0.1)"]),
    Entry(names: ["armijo", "backtracking", "scalebybacktrackinglinesearch"], texts: ["linesearch (rate 1)"]),
    Entry(
      names: ["cosine", "cosineannealing", "cosineannealinglr", "cosinedecay", "cosinedecayschedule"],
      texts: ["rate cosine(0.1, 5epochs)"]),
    Entry(names: ["linear", "linearlr", "linearschedule"], texts: ["rate linear(0.1, 0, 900updates)"]),
    Entry(names: ["steps", "steplr", "piecewiseconstant"], texts: ["rate steps(0.1, 0.5, 10epochs)"]),
    Entry(
      names: ["exponential", "exponentiallr", "exponentialdecay"], texts: ["rate exponential(0.1, 0.9, 1epochs)"]),
    Entry(
      names: ["power", "inversesqrt", "inversesquareroot", "invsqrt", "rsqrt", "sqrt"],
      texts: ["rate power(0.1, 0.5, 100updates)"], remark: "one over the root of time"),
    Entry(
      names: ["inversetimedecay", "inverse", "inversetime", "robbinsmonro"], texts: ["rate power(0.1, 1, 100updates)"],
      remark: "one over time"),
    Entry(
      names: ["noam", "transformerschedule"],
      texts: ["rate join(linear(0, 0.001, 4000updates), 4000updates, power(0.001, 0.5, 4000updates))"],
      remark: "up, then one over the root of time"),
    Entry(
      names: ["warmup", "linearwarmup"],
      texts: ["rate warmup(100updates, cosine(0.1, 5epochs))"]),
    Entry(
      names: ["join", "joinschedules", "sequentiallr", "warmupcosine", "warmupcosinedecayschedule"],
      texts: ["rate join(linear(0, 0.1, 100updates), 100updates, cosine(0.1, 900updates))"],
      remark: "each schedule counts from the end of the one before"),
    Entry(
      names: ["repeat", "sgdr", "sgdrschedule", "warmrestarts", "cosineannealingwarmrestarts", "restarts"],
      texts: ["rate repeat(cosine(0.1, 10epochs), 10epochs)"], remark: "a cosine that begins anew"),
    Entry(
      names: ["cyclic", "cycliclr", "triangular", "cyclical"],
      texts: [
        "rate repeat(join(linear(0.01, 0.1, 200updates), 200updates, linear(0.1, 0.01, 200updates)), 400updates)"
      ],
      remark: "up and down again and again"),
    Entry(
      names: ["wsd", "warmupstabledecay", "trapezoidal"],
      texts: ["rate join(linear(0, 0.1, 100updates), 100updates, join(0.1, 700updates, linear(0.1, 0, 200updates)))"],
      remark: "up, level, down"),
    Entry(
      names: ["onecycle", "onecyclelr", "cosineonecycleschedule", "linearonecycleschedule"],
      texts: ["rate join(cosine(0.004, 300updates, 0.1), 300updates, cosine(0.1, 700updates))"]),
    Entry(names: ["constant", "constantlr", "constantschedule"], texts: ["rate 0.1"]),
  ]

  /// What others have and this language has not: an answer by its letters would be another method.
  private static let absent: Set<String> = [
    "asgd", "cocob", "dadapt", "dadaptadam", "ftrl", "galore", "gaussnewton", "kfac", "levenbergmarquardt",
    "mechanic", "novograd", "reducelronplateau", "sm3", "sparseadam", "yogi",
  ]

  /// Options as other libraries call them, and as stages here do.
  private static let options: [String: [String]] = [
    "b1": ["beta1"], "b2": ["beta2"], "betas": ["beta1", "beta2"], "eps": ["epsilon"], "alpha": ["decay", "share"],
    "mu": ["decay"], "rho": ["radius", "decay"], "maxnorm": ["norm"], "mask": ["except"],
    "historysize": ["memory"], "memorysize": ["memory"], "maxcor": ["memory"], "maxls": ["trials"],
    "maxiter": ["iterations"], "d0": ["start"], "dcoef": ["factor"], "etas": ["shrink", "grow"], "k": ["period"],
    "syncperiod": ["period"], "slowstepsize": ["pull"], "clipthreshold": ["clip"], "scaleparameter": ["relative"],
    "beta": ["delta"], "threshold": ["delta"], "tau": ["share"], "q": ["share"], "labelsmoothing": ["smoothing"],
    "stddev": ["deviation"], "std": ["deviation"], "sigma": ["deviation"], "everyk": ["count"], "steps": ["count"],
  ]

  /// What else may be the matter where no known name is near.
  package static func ownHint(_ hint: String, _ what: String) -> String {
    hint.hasPrefix("there are") ? "; \(what) of one's own are known to the program that registers them" : ""
  }

  /// What to write for the name of a stage; nil for one that is known nowhere.
  package static func answer(_ name: String) -> String? {
    let plain = plain(name)
    if absent.contains(plain) {
      let known = TransformationKind.known.map(\.name) + DescentMethodKind.known.map(\.name)
      return "nothing here is the same; there are: " + known.joined(separator: ", ")
        + "; a program can add its own: Documentation/extend.md"
    }
    return entries.first { $0.names.contains(plain) }.map { entry in
      "here it is " + entry.texts.map { "\"\($0)\"" }.joined(separator: " or ")
        + (entry.remark.isEmpty ? "" : ", " + entry.remark)
    }
  }

  /// What to write for an option that a stage has not: the option's name here, or the stage that is one of its own here.
  ///
  /// - Parameter known: the names of the options that it has.
  static func answer(option: String, _ value: String, of owner: String, _ known: [String]) -> String? {
    let plain = plain(option)
    let own = (options[plain] ?? []).filter(known.contains)
    guard own.isEmpty else { return "here it is \(own.joined(separator: " and "))" }
    if plain == "nesterov" { return "it is one of momentum: momentum nesterov=\(value)" }
    let words = entries.first { $0.names.contains(plain) }?.texts[0].split(separator: " ").map(String.init) ?? []
    let isStage = plain != owner && TransformationKind.known.contains { $0.name == plain }
    guard let stage = isStage ? plain : words.count == 2 ? words[0] : nil else { return nil }
    return "\(stage) is a stage of its own, as in " + (stage == "rate" ? "\(owner) | " : "") + "\(stage) \(value)"
  }

  /// All that it tells to write; for tests.
  package static var texts: [String] { entries.flatMap(\.texts) }
  /// All that it knows; for tests.
  package static var names: [String] { entries.flatMap(\.names) + absent }

  /// In small letters, without signs and without what stands before a point: `torch.optim.SGD` is sgd.
  private static func plain(_ name: String) -> String {
    String((name.split(separator: ".").last ?? "").lowercased().filter { $0.isLetter || $0.isNumber })
  }
}
