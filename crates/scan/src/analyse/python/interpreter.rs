//! Walks a program as Python would run it, with values known in part, and notes what flows where.

use super::roles::{Role, names_a_key};
use super::tree;
use super::value::{Callable, Is, Origin, Origins, Value};
use crate::SourceFile;
use crate::analyse::evidence::is_aside;
use crate::analyse::lexing::Kind;
use crate::analyse::signal::{Hit, Signal};
use ruff_python_ast::{ModModule, Stmt, StmtClassDef, StmtFunctionDef};
use ruff_python_parser::Parsed;
use ruff_text_size::Ranged;
use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;
use typed_arena::Arena;

/// What one package may cost, in values looked at.
const STEPS: u64 = 3_000_000;
/// What one file may cost.
const STEPS_OF_FILE: u64 = 400_000;
/// Calls inside calls.
const DEEPEST_CALL: usize = 24;
/// Expressions inside expressions and calls.
const DEEPEST: usize = 900;
/// Text run by text run by text…
const DEEPEST_TEXT: usize = 120;
/// With so much more text held parsed than is wanted, what is imported stays unknown until its own turn.
const LEEWAY: usize = 1 << 20;
/// Places noted in one file.
const MOST_HITS: usize = 2000;
/// How often one function is walked anew.
const MOST_RUNS: u32 = 300;

/// Where parsed trees and the texts they came from live.
#[derive(Default)]
pub(super) struct Trees {
    trees: Arena<Parsed<ModModule>>,
    names: Arena<String>,
}

/// One text that runs: a file, or a text that a file runs.
#[derive(Clone, Copy)]
pub(super) struct Text {
    /// The file that everything in it is told of.
    pub(super) file: usize,
    /// The module whose names it sees.
    module: usize,
    /// Where in the file it is run, for a text that is not the file itself.
    pin: Option<usize>,
}

#[derive(Default)]
pub(super) struct Frame<'t> {
    pub(super) text: usize,
    pub(super) module: usize,
    pub(super) locals: HashMap<&'t str, Value<'t>>,
    /// Names that belong to the module although they are assigned here.
    pub(super) shared: HashSet<&'t str>,
    pub(super) returned: Option<Value<'t>>,
    pub(super) function: Option<usize>,
}

impl<'t> Frame<'t> {
    /// A scope inside a function or module, for the names of a comprehension.
    pub(super) fn within(outer: &Self) -> Self {
        Self { text: outer.text, module: outer.module, function: Some(usize::MAX), ..Self::default() }
    }
}

/// A file's part in the outcome.
#[derive(Default)]
pub(in crate::analyse) struct Seen {
    /// What flows where.
    pub(in crate::analyse) hits: Vec<Hit>,
    /// Where tools of a build are started and nothing else.
    pub(in crate::analyse) builds: HashSet<usize>,
    /// The functions that ran when the file was loaded; `None` where that is not known.
    pub(in crate::analyse) ran: Option<Vec<Range<usize>>>,
}

pub(super) struct Interpreter<'t> {
    pub(super) trees: &'t Trees,
    pub(super) files: &'t [SourceFile<'t>],
    pub(super) paths: HashMap<&'t str, usize>,
    pub(super) texts: Vec<Text>,
    pub(super) globals: Vec<HashMap<&'t str, Value<'t>>>,
    past: &'t HashSet<usize>,
    /// The length of all files whose trees are held, and how long they may be.
    held: usize,
    most_held: usize,
    pub(super) modules: HashMap<usize, usize>,
    pub(super) suites: HashMap<usize, &'t [Stmt]>,
    pub(super) frames: Vec<Frame<'t>>,
    pub(super) attributes: HashMap<(usize, usize), HashMap<&'t str, Value<'t>>>,
    pub(super) runs: HashMap<(usize, usize), u32>,
    pub(super) seen: HashMap<usize, Seen>,
    /// True while what is walked runs when the file does.
    pub(super) live: bool,
    /// True where the file itself is run, not imported.
    pub(super) is_main: bool,
    pub(super) branch: usize,
    pub(super) depth: usize,
    pub(super) texts_deep: usize,
    pub(super) steps: u64,
    pub(super) limit: u64,
    pub(super) slots: HashMap<(usize, usize), u32>,
    /// Paths whose files hold what was fetched, or decoded.
    pub(super) fetched_files: u64,
    pub(super) decoded_files: u64,
    pub(super) secret_files: u64,
    pub(super) written: Vec<(Rc<[u8]>, Origin)>,
    /// Files in folders of tests or examples that the package's own code imports.
    pub(super) used: HashSet<usize>,
    /// Files that the package starts as programs of their own, each walked once.
    pub(super) started: HashSet<usize>,
    /// The constant names that files were opened for writing by.
    pub(super) handles: HashMap<u64, Rc<[u8]>>,
    /// How often all files were searched for a host.
    pub(super) searches: Cell<u32>,
    /// Whether a file names what a shell reads when it starts, by the file that was asked about last.
    pub(super) names_starts: Option<(usize, bool)>,
}

impl<'t> Interpreter<'t> {
    /// `past` files of the package were walked before, in so many `steps`; their trees are gone. About `most_held`
    /// bytes of text are held parsed.
    pub(super) fn new(
        trees: &'t Trees,
        files: &'t [SourceFile<'t>],
        past: &'t HashSet<usize>,
        steps: u64,
        most_held: usize,
    ) -> Self {
        Self {
            trees,
            files,
            past,
            held: 0,
            most_held,
            paths: files.iter().enumerate().map(|(index, file)| (file.path, index)).collect(),
            texts: Vec::new(),
            globals: Vec::new(),
            modules: HashMap::new(),
            suites: HashMap::new(),
            frames: Vec::new(),
            attributes: HashMap::new(),
            runs: HashMap::new(),
            seen: HashMap::new(),
            live: true,
            is_main: false,
            branch: 0,
            depth: 0,
            texts_deep: 0,
            steps,
            limit: 0,
            slots: HashMap::new(),
            fetched_files: 0,
            decoded_files: 0,
            secret_files: 0,
            written: Vec::new(),
            used: HashSet::new(),
            started: HashSet::new(),
            handles: HashMap::new(),
            searches: Cell::new(0),
            names_starts: None,
        }
    }

    /// Walks a file: first what runs when it is run or imported, then what waits in its functions.
    pub(super) fn walk(&mut self, file: usize, is_main: bool) {
        self.walk_with(file, is_main, None);
    }

    /// The same for a file whose function `hook` is called once it is loaded.
    pub(super) fn walk_with(&mut self, file: usize, is_main: bool, hook: Option<&str>) {
        self.limit = STEPS.min(self.steps + STEPS_OF_FILE);
        self.is_main = is_main;
        self.live = true;
        let Some(module) = self.load(file) else { return };
        if let Some(hook) = hook.and_then(|hook| self.globals[module].get(hook)).cloned()
            && let Is::Function(hook) = hook.is
        {
            self.call_from_outside(module, hook);
        }
        self.live = false;
        self.is_main = true;
        if let Some(&suite) = self.suites.get(&module) {
            self.wait(suite, module, None);
        }
    }

    /// The files whose code ran so far, by being run or imported.
    pub(super) fn walked(&self) -> impl Iterator<Item = usize> {
        self.modules.keys().copied()
    }

    /// How much text is held parsed.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// True for a file whose code ran, so that its tree is there.
    pub(super) fn has_loaded(&self, file: usize) -> bool {
        self.modules.contains_key(&file)
    }

    /// The module of a file, walked on the first call.
    fn load(&mut self, file: usize) -> Option<usize> {
        if let Some(&module) = self.modules.get(&file) {
            return Some(module);
        }
        if self.texts_deep > DEEPEST_CALL || self.past.contains(&file) {
            return None;
        }
        let module = self.globals.len();
        self.modules.insert(file, module);
        self.globals.push(HashMap::new());
        let source = String::from_utf8_lossy(self.files.get(file)?.bytes);
        self.held += source.len();
        let source = source.strip_prefix('\u{feff}').map_or(source.as_ref(), |rest| rest);
        let suite: &'t [Stmt] = self.trees.trees.alloc(tree::parse(source)?).suite();
        self.suites.insert(module, suite);
        self.texts.push(Text { file, module, pin: None });
        self.seen.entry(file).or_default().ran.get_or_insert_default();
        self.run(self.texts.len() - 1, suite);
        if self.steps >= self.limit {
            self.seen.entry(file).or_default().ran = None;
        }
        Some(module)
    }

    /// Runs a suite as a text of its own.
    fn run(&mut self, text: usize, suite: &'t [Stmt]) {
        let module = self.texts[text].module;
        let branch = std::mem::take(&mut self.branch);
        self.frames.push(Frame { text, module, ..Frame::default() });
        self.texts_deep += 1;
        self.block(suite);
        self.texts_deep -= 1;
        self.frames.pop();
        self.branch = branch;
    }

    /// Runs text that the program runs, or hands back the value of a single expression.
    pub(super) fn run_text(&mut self, source: &[u8], at: usize) -> Option<Value<'t>> {
        if self.texts_deep >= DEEPEST_TEXT || source.len() < 2 {
            return None;
        }
        let source = std::str::from_utf8(source).ok()?;
        let tree: &'t Parsed<ModModule> = self.trees.trees.alloc(tree::parse(source)?);
        let (file, pin) = self.place(at)?;
        let module = self.frames.last()?.module;
        self.texts.push(Text { file, module, pin: Some(pin) });
        let text = self.texts.len() - 1;
        if let [Stmt::Expr(only)] = tree.suite().as_slice() {
            let frame = self.frames.last_mut()?;
            let outer = std::mem::replace(&mut frame.text, text);
            self.texts_deep += 1;
            let value = self.value(&only.value);
            self.texts_deep -= 1;
            if let Some(frame) = self.frames.last_mut() {
                frame.text = outer;
            }
            return Some(value);
        }
        self.run(text, tree.suite());
        Some(Value::UNKNOWN)
    }

    /// Functions and methods that nothing called: a user of the package may.
    fn wait(&mut self, suite: &'t [Stmt], module: usize, class: Option<&'t StmtClassDef>) {
        for statement in suite {
            match statement {
                Stmt::FunctionDef(function) if !self.has_run(module, function) => {
                    self.call_from_outside(module, Callable::Function(module, function, class));
                }
                Stmt::ClassDef(class) => self.wait(&class.body, module, Some(class)),
                Stmt::If(test) => {
                    self.wait(&test.body, module, class);
                    for clause in &test.elif_else_clauses {
                        self.wait(&clause.body, module, class);
                    }
                }
                Stmt::Try(attempt) => {
                    self.wait(&attempt.body, module, class);
                    self.wait(&attempt.orelse, module, class);
                }
                _ => {}
            }
        }
    }

    /// Calls a function of a module as somebody does who imported it.
    fn call_from_outside(&mut self, module: usize, function: Callable<'t>) {
        let text = self.texts.iter().position(|text| text.module == module && text.pin.is_none());
        self.frames.push(Frame { text: text.unwrap_or(0), module, ..Frame::default() });
        self.call_function(function, &[], &[]);
        self.frames.pop();
    }

    fn has_run(&self, module: usize, function: &StmtFunctionDef) -> bool {
        self.runs.contains_key(&(module, function.range().start().to_usize()))
    }

    /// One more step; false where the budget is spent.
    pub(super) fn step(&mut self) -> bool {
        self.steps += 1;
        self.steps < self.limit
    }

    /// The file and the offset that stand for a place in the text that runs now.
    pub(super) fn place(&self, at: usize) -> Option<(usize, usize)> {
        let text = self.texts.get(self.frames.last()?.text)?;
        Some((text.file, text.pin.unwrap_or(at)))
    }

    /// Notes what a place shows.
    pub(super) fn note(&mut self, signal: Signal, at: usize) {
        let Some((file, offset)) = self.place(at) else { return };
        let live = self.live;
        let hits = &mut self.seen.entry(file).or_default().hits;
        match hits.iter().position(|hit| hit.signal == signal && hit.offset == offset) {
            Some(known) => hits[known].live |= live,
            None if hits.len() < MOST_HITS => hits.push(Hit { signal, offset, kind: Kind::Code, live }),
            None => {}
        }
    }

    /// The file that is walked.
    pub(super) fn current_file(&self) -> Option<&'t SourceFile<'t>> {
        let text = self.texts.get(self.frames.last()?.text)?;
        self.files.get(text.file)
    }

    /// The length of the file that is walked; a text that it runs counts as short.
    pub(super) fn source_length(&self) -> usize {
        let text = self.frames.last().and_then(|frame| self.texts.get(frame.text));
        let file = text.filter(|text| text.pin.is_none()).and_then(|text| self.files.get(text.file));
        file.map_or(usize::MAX / 3, |file| file.bytes.len())
    }

    /// True inside a text that the program decoded and runs.
    pub(super) fn is_inside_text(&self) -> bool {
        self.frames.last().and_then(|frame| self.texts.get(frame.text)).is_some_and(|text| text.pin.is_some())
    }

    /// A module of the package by its dotted name, walked if it was not.
    pub(super) fn module_of(&mut self, name: &str, level: u32) -> Option<usize> {
        let text = self.texts.get(self.frames.last()?.text)?;
        let folder = self.files.get(text.file)?.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let inside = name.replace('.', "/");
        let bases: Vec<String> = if level > 0 {
            let up = (1..level).try_fold(folder, |folder, _| match folder.rsplit_once('/') {
                Some((above, _)) => Some(above),
                None => (!folder.is_empty()).then_some(""),
            })?;
            vec![up.to_owned()]
        } else {
            vec![folder.to_owned(), String::new(), "src".into(), "lib".into()]
        };
        let join = |base: &str, inside: &str| match (base.is_empty(), inside.is_empty()) {
            (true, _) => inside.to_owned(),
            (_, true) => base.to_owned(),
            _ => format!("{base}/{inside}"),
        };
        let file = bases.iter().map(|base| join(base, &inside)).find_map(|base| {
            let file = self.paths.get(format!("{base}.py").as_str());
            file.or_else(|| self.paths.get(join(&base, "__init__.py").as_str())).copied()
        })?;
        self.module_in(file)
    }

    /// The module in a file of the package, walked if it was not.
    pub(super) fn module_in(&mut self, file: usize) -> Option<usize> {
        let importer = self.texts.get(self.frames.last()?.text)?.file;
        if is_aside(self.files.get(file)?.path) && !is_aside(self.files.get(importer)?.path) {
            self.used.insert(file);
        }
        if self.held > self.most_held + LEEWAY && !self.has_loaded(file) {
            return None;
        }
        let outer_main = std::mem::replace(&mut self.is_main, false);
        let module = self.load(file);
        self.is_main = outer_main;
        module
    }

    pub(super) fn attribute_of(&self, module: usize, class: &StmtClassDef, name: &str) -> Option<Value<'t>> {
        self.attributes.get(&(module, class.range().start().to_usize()))?.get(name).cloned()
    }

    pub(super) fn set_attribute(
        &mut self,
        module: usize,
        class: &StmtClassDef,
        name: &'t str,
        value: Value<'t>,
    ) {
        let attributes = self.attributes.entry((module, class.range().start().to_usize())).or_default();
        let value = match attributes.get(name) {
            Some(old) => value.or(&old.blurred()),
            None => value,
        };
        attributes.insert(name, value);
    }

    /// A bit for the path that a place in the text builds.
    pub(super) fn path_slot(&mut self, at: usize) -> u64 {
        let text = self.frames.last().map_or(0, |frame| frame.text);
        let next = u32::try_from(self.slots.len()).unwrap_or(0) % 64;
        1 << *self.slots.entry((text, at)).or_insert(next)
    }

    /// Calls a function of the package and hands back what it returns. What a method is called on is not among `given`.
    pub(super) fn call_function(
        &mut self,
        callable: Callable<'t>,
        given: &[Value<'t>],
        named: &[(Option<&'t str>, Value<'t>)],
    ) -> Value<'t> {
        let (module, start) = match callable {
            Callable::Function(module, function, _) => (module, function.range().start().to_usize()),
            Callable::Lambda(module, lambda) => (module, lambda.range().start().to_usize()),
        };
        let given_origins = given.iter().chain(named.iter().map(|(_, value)| value));
        let joined = given_origins.fold(Value::UNKNOWN, |all, value| all.after(&value.blurred()));
        let recursive =
            self.frames.iter().any(|frame| frame.function == Some(start) && frame.module == module);
        let runs = self.runs.entry((module, start)).or_insert(0);
        *runs += 1;
        if recursive || *runs > MOST_RUNS || self.frames.len() > DEEPEST_CALL || !self.step() {
            return joined;
        }
        let Some(outer) = self.frames.last() else { return joined };
        let text = match self.texts.iter().position(|text| text.module == module && text.pin.is_none()) {
            Some(text) if outer.module != module => text,
            _ => outer.text,
        };
        let mut frame = Frame { text, module, function: Some(start), ..Frame::default() };
        let (parameters, class) = match callable {
            Callable::Function(_, function, class) => (Some(&*function.parameters), class),
            Callable::Lambda(_, lambda) => (lambda.parameters.as_deref(), None),
        };
        let mut given = given.iter();
        if let Some(parameters) = parameters {
            for (number, parameter) in parameters.posonlyargs.iter().chain(&parameters.args).enumerate() {
                let name = parameter.parameter.name.as_str();
                let value = match class {
                    Some(class) if number == 0 && matches!(name, "self" | "this" | "cls") => {
                        Value::of(Is::Instance(module, class))
                    }
                    _ => self.parameter(parameter, given.next(), named),
                };
                frame.locals.insert(name, value);
            }
            if let Some(rest) = &parameters.vararg {
                let rest_given: Vec<Value<'t>> = given.cloned().collect();
                frame.locals.insert(rest.name.as_str(), super::fold::list(rest_given));
            }
            for parameter in &parameters.kwonlyargs {
                let value = self.parameter(parameter, None, named);
                frame.locals.insert(parameter.parameter.name.as_str(), value);
            }
            if let Some(rest) = &parameters.kwarg {
                frame.locals.insert(rest.name.as_str(), joined.clone());
            }
        }
        let branch = std::mem::take(&mut self.branch);
        self.frames.push(frame);
        let value = match callable {
            Callable::Function(_, function, _) => {
                self.note_run(function);
                self.block(&function.body);
                self.frames.last_mut().and_then(|frame| frame.returned.take()).unwrap_or(Value::UNKNOWN)
            }
            Callable::Lambda(_, lambda) => self.value(&lambda.body),
        };
        self.frames.pop();
        self.branch = branch;
        value
    }

    /// Remembers that a function of the file itself ran.
    fn note_run(&mut self, function: &StmtFunctionDef) {
        let text = self.frames.last().and_then(|frame| self.texts.get(frame.text));
        let Some(text) = text.filter(|text| self.live && text.pin.is_none()) else { return };
        let range = function.range().start().to_usize()..function.range().end().to_usize();
        let ran = self.seen.get_mut(&text.file).and_then(|seen| seen.ran.as_mut());
        if let Some(ran) = ran.filter(|ran| !ran.contains(&range)) {
            ran.push(range);
        }
    }

    fn parameter(
        &mut self,
        parameter: &'t ruff_python_ast::ParameterWithDefault,
        given: Option<&Value<'t>>,
        named: &[(Option<&'t str>, Value<'t>)],
    ) -> Value<'t> {
        let name = parameter.parameter.name.as_str();
        let by_name = || named.iter().find(|(key, _)| *key == Some(name)).map(|(_, value)| value);
        let value = match given.or_else(by_name) {
            Some(value) => value.clone(),
            None => match &parameter.default {
                Some(default) => self.value(default),
                None => Value::UNKNOWN,
            }
            .with(Origin::Parameter),
        };
        // An empty default stands for a key that the caller has.
        if names_a_key(name) && value.as_text().is_none_or(<[u8]>::is_empty) {
            return Value { is: Is::Unknown, ..value }.with(Origin::Key);
        }
        value
    }

    /// Runs the parts of a class that making an object of it, or a set-up command, runs.
    pub(super) fn instantiate(
        &mut self,
        module: usize,
        class: &'t StmtClassDef,
        given: &[Value<'t>],
        named: &[(Option<&'t str>, Value<'t>)],
        wanted: &[&str],
    ) {
        for statement in &class.body {
            if let Stmt::FunctionDef(method) = statement
                && wanted.contains(&method.name.as_str())
            {
                self.call_function(Callable::Function(module, method, Some(class)), given, named);
            }
        }
    }

    /// Keeps a name that was computed.
    pub(super) fn keep(&self, name: &str) -> &'t str {
        self.trees.names.alloc(name.to_owned())
    }

    /// The depth of expressions; false where it is too deep.
    pub(super) fn enter(&mut self) -> bool {
        self.depth += 1;
        self.depth < DEEPEST && self.step()
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    pub(super) fn current_module(&self) -> usize {
        self.frames.last().map_or(0, |frame| frame.module)
    }

    /// What a role leaves on the value that its call returns.
    pub(super) fn origins_of(role: Role) -> Origins {
        match role {
            Role::Fetch | Role::Send => Origins::of(&[Origin::Fetched]),
            Role::Spawn => Origins::of(&[Origin::Output]),
            Role::Decode => Origins::of(&[Origin::Decoded]),
            Role::Decrypt => Origins::of(&[Origin::Decrypted]),
            Role::Identity => Origins::of(&[Origin::Identity]),
            Role::Environment => Origins::of(&[Origin::Environment]),
            Role::Capture => Origins::of(&[Origin::Capture]),
            Role::Secret => Origins::of(&[Origin::Secret]),
            Role::Temporary => Origins::of(&[Origin::Temporary]),
            Role::Marshal => Origins::of(&[Origin::Marshalled]),
            Role::Ask => Origins::of(&[Origin::Typed]),
            Role::Compile => Origins::of(&[Origin::Compiled]),
            _ => Origins::NONE,
        }
    }
}
