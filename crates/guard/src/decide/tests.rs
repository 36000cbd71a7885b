use super::*;
use doorward_protocol::{Ecosystem, Expiry, PackageRef, RuleDraft, What, Who};
use std::path::PathBuf;

struct Case {
    secret: Secret,
    subject: Subject,
    package: Option<Attribution>,
    manager: Option<&'static str>,
    known_reader: Option<&'static str>,
    misused: Option<(&'static str, &'static str)>,
    run: Option<RunSoFar>,
    fetches_sources: bool,
    managers_own: bool,
    decoy: bool,
    policy: Policy,
    paused: bool,
    rules: Vec<Rule>,
    someone: bool,
    empty: bool,
    unseen: bool,
}

impl Case {
    fn new(mode: Mode) -> Self {
        Self {
            secret: Secret {
                path: "/home/ada/.ssh/id_ed25519".into(),
                class: "ssh-key".into(),
                title: "SSH private key".into(),
                tier: 1,
            },
            subject: Subject { exe: "/usr/bin/cat".into(), inode: "1:2".into(), ..Subject::default() },
            package: None,
            manager: None,
            known_reader: None,
            misused: None,
            run: None,
            fetches_sources: false,
            managers_own: false,
            decoy: false,
            policy: Policy { mode, ..Policy::default() },
            paused: false,
            rules: Vec::new(),
            someone: true,
            empty: false,
            unseen: false,
        }
    }

    fn below_npm(mut self) -> Self {
        self.manager = Some("npm");
        self.package = Some(Attribution {
            package: PackageRef {
                ecosystem: Ecosystem::Npm,
                name: "evil-dep".into(),
                version: "1.2.3".into(),
            },
            stage: Stage::Install,
            script: "postinstall".into(),
            path: Some("/home/ada/p/node_modules/evil-dep".into()),
            project: None,
        });
        self
    }

    fn rule(mut self, verdict: RuleVerdict, who: Who) -> Self {
        let draft = RuleDraft { verdict, who, what: What::Class("ssh-key".into()), expiry: Expiry::Always };
        let id = self.rules.len() as u64 + 1;
        self.rules.push(Rule { id, created: Timestamp::now(), owner: 1000, draft, expires_at: None });
        self
    }

    fn decide(&self) -> Decision {
        let facts = Facts {
            secret: &self.secret,
            subject: &self.subject,
            package: self.package.as_ref(),
            manager: self.manager,
            known_reader: self.known_reader,
            misused: self.misused,
            run: self.run,
            for_others: None,
            fetches_sources: self.fetches_sources,
            managers_own: self.managers_own,
            decoy: self.decoy,
            terminal: true,
            empty: self.empty,
            unseen: self.unseen,
        };
        let standing = Standing {
            policy: &self.policy,
            paused: self.paused,
            rules: &self.rules,
            someone_to_ask: self.someone,
            now: Timestamp::now(),
        };
        decide(&facts, &standing)
    }
}

fn cat() -> Who {
    Who { exe: Some("/usr/bin/cat".into()), inode: Some("1:2".into()), ..Who::default() }
}

#[test]
fn a_packages_script_is_blocked_and_named() {
    let decision = Case::new(Mode::Ask).below_npm().decide();
    assert_eq!((decision.outcome, decision.importance), (Outcome::Deny, Some(Importance::Alarm)));
    assert_eq!(
        decision.why,
        "The postinstall script of evil-dep 1.2.3 wanted to read your SSH private key; package scripts are blocked."
    );
}

#[test]
fn a_packages_script_gains_nothing_by_running_a_known_program() {
    let mut case = Case::new(Mode::Block).below_npm();
    case.known_reader = Some("OpenSSH");
    case.fetches_sources = true;
    assert_eq!(case.decide().outcome, Outcome::Deny);
    let allowed = Case::new(Mode::Block).below_npm().rule(RuleVerdict::Allow, cat());
    assert_eq!(allowed.decide().outcome, Outcome::Deny, "a rule for cat is no rule for the package");
    let named = Who { package: allowed.package.as_ref().map(|found| found.package.clone()), ..cat() };
    let allowed = Case::new(Mode::Block).below_npm().rule(RuleVerdict::Allow, named);
    assert_eq!(allowed.decide().step, Step::Rule);
}

#[test]
fn lineage_without_a_name_is_lineage() {
    let mut case = Case::new(Mode::Ask);
    case.manager = Some("pip");
    let decision = case.decide();
    assert_eq!((decision.outcome, decision.step), (Outcome::Deny, Step::Lineage));
    assert!(decision.why.starts_with("cat, started by pip, wanted to read your"), "{}", decision.why);
}

#[test]
fn a_package_manager_may_fetch_and_read_its_own_file() {
    let mut case = Case::new(Mode::Block);
    (case.manager, case.known_reader, case.fetches_sources) = (Some("npm"), Some("git"), true);
    let decision = case.decide();
    assert_eq!((decision.outcome, decision.importance), (Outcome::Allow, Some(Importance::Attention)));
    (case.fetches_sources, case.managers_own) = (false, true);
    let decision = case.decide();
    assert_eq!((decision.outcome, decision.importance), (Outcome::Allow, None));
}

#[test]
fn a_known_reader_raises_no_event() {
    let mut case = Case::new(Mode::Block);
    case.known_reader = Some("OpenSSH");
    let decision = case.decide();
    assert_eq!((decision.outcome, decision.importance, decision.step), (Outcome::Allow, None, Step::Reader));
}

#[test]
fn a_known_program_that_is_misused_is_a_stranger_and_the_reason_is_told() {
    let mut case = Case::new(Mode::Block);
    (case.subject.exe, case.misused) =
        ("/usr/bin/ssh".into(), Some(("OpenSSH", "its arguments name the file")));
    let decision = case.decide();
    assert_eq!((decision.outcome, decision.step), (Outcome::Deny, Step::Mode));
    assert_eq!(
        decision.why,
        "ssh wanted to read your SSH private key, but not as OpenSSH does: its arguments name the file; programs without \
         a rule are blocked."
    );
}

#[test]
fn a_program_that_reads_whole_folders_is_asked_about_once_for_its_run() {
    let run = |mode, run| Case { run: Some(run), ..Case::new(mode) }.decide();
    let asked = Outcome::Ask { default_allow: false, whole_run: true };
    assert_eq!(run(Mode::Ask, RunSoFar::Unanswered).outcome, asked);
    let allowed = run(Mode::Ask, RunSoFar::Allowed);
    assert_eq!((allowed.outcome, allowed.importance), (Outcome::Allow, Some(Importance::Quiet)));
    assert_eq!(run(Mode::Ask, RunSoFar::Denied).outcome, Outcome::Deny);
    assert_eq!(run(Mode::Block, RunSoFar::Allowed).outcome, Outcome::Deny);
    let below_npm = Case { run: Some(RunSoFar::Allowed), ..Case::new(Mode::Ask) }.below_npm();
    assert_eq!(below_npm.decide().outcome, Outcome::Deny, "a package's tar is the package");
}

#[test]
fn modes_decide_what_is_left() {
    assert_eq!(Case::new(Mode::Block).decide().outcome, Outcome::Deny);
    assert_eq!(Case::new(Mode::Observe).decide().outcome, Outcome::Allow);
    assert_eq!(
        Case::new(Mode::Ask).decide().outcome,
        Outcome::Ask { default_allow: false, whole_run: false }
    );
    let mut alone = Case::new(Mode::Ask);
    alone.someone = false;
    assert_eq!(alone.decide().outcome, Outcome::Allow);
    let mut paused = Case::new(Mode::Block).below_npm().rule(RuleVerdict::Deny, cat());
    paused.paused = true;
    assert_eq!(paused.decide().outcome, Outcome::Allow);
}

#[test]
fn a_denying_rule_wins_and_injected_programs_lose_their_rules() {
    let both = Case::new(Mode::Observe).rule(RuleVerdict::Deny, cat()).rule(RuleVerdict::Allow, cat());
    assert_eq!(both.decide().outcome, Outcome::Deny);
    let mut injected = Case::new(Mode::Block).rule(RuleVerdict::Allow, cat());
    assert_eq!(injected.decide().outcome, Outcome::Allow);
    injected.subject.injected = true;
    assert_eq!(injected.decide().outcome, Outcome::Deny);
    let mut replaced = Case::new(Mode::Block).rule(RuleVerdict::Allow, cat());
    replaced.subject.inode = "1:3".into();
    assert_eq!(replaced.decide().outcome, Outcome::Deny);
}

#[test]
fn whoever_makes_a_secret_may_write_it_unless_a_package_does() {
    let mut case = Case::new(Mode::Block);
    case.empty = true;
    assert_eq!((case.decide().outcome, case.decide().importance), (Outcome::Allow, None));
    let mut case = Case::new(Mode::Block).below_npm();
    case.empty = true;
    assert_eq!(case.decide().outcome, Outcome::Deny);
}

#[test]
fn a_decoy_comes_first() {
    let mut case = Case::new(Mode::Ask).rule(RuleVerdict::Allow, cat());
    case.decoy = true;
    let decision = case.decide();
    assert_eq!((decision.outcome, decision.step), (Outcome::Deny, Step::Decoy));
}

#[test]
fn a_project_keeps_its_own_file() {
    let mut case = Case::new(Mode::Ask).below_npm();
    case.secret.path = "/home/ada/p/.env".into();
    case.secret.tier = 2;
    if let Some(package) = &mut case.package {
        package.path = Some(PathBuf::from("/home/ada/p"));
    }
    assert_eq!(case.decide().outcome, Outcome::Allow);
}

#[test]
fn hostile_names_are_made_visible() {
    let mut case = Case::new(Mode::Block);
    case.subject.exe = "/tmp/a\u{1b}[2J".into();
    assert!(!case.decide().why.contains('\u{1b}'));
}

#[test]
fn who_cannot_be_looked_at_wins_nothing_by_it() {
    let ask = |unseen, someone| {
        let case = Case { unseen, someone, ..Case::new(Mode::Ask) };
        case.decide().outcome
    };
    assert_eq!(ask(false, false), Outcome::Allow);
    assert_eq!(ask(true, false), Outcome::Deny);
    assert_eq!(ask(true, true), Outcome::Ask { default_allow: false, whole_run: false });
}
