//! From the parser's tree to the small form.

use super::ir::{File, Function, Id, Key, Node, Program, Statement, Symbol, Target};
use super::roles;
use oxc_ast::ast;
use oxc_semantic::Scoping;
use oxc_span::GetSpan;
use oxc_syntax::operator::{AssignmentOperator, UpdateOperator};
use std::rc::Rc;

/// Adds a parsed file to the program.
pub(super) fn add(program: &mut Program, parsed: &ast::Program<'_>, scoping: &Scoping) {
    let first = Symbol::try_from(program.definitions.len()).unwrap_or(Symbol::MAX);
    program.definitions.resize_with(program.definitions.len() + scoping.symbols_len(), Vec::new);
    let start = program.next();
    let file = program.files.len();
    let mut lowering = Lowering { program, scoping, first, file, returns: Vec::new(), exports: Vec::new() };
    let body = lowering.statements(&parsed.body);
    let exports = lowering.exports;
    let end = program.next();
    program.files.push(File { exports, body, nodes: start..end });
}

impl Program {
    fn next(&self) -> Id {
        Id::try_from(self.nodes.len()).unwrap_or(Id::MAX)
    }
}

struct Lowering<'p, 's> {
    program: &'p mut Program,
    scoping: &'s Scoping,
    /// The first symbol of this file.
    first: Symbol,
    file: usize,
    /// What the functions around return, the innermost last.
    returns: Vec<Vec<Id>>,
    exports: Vec<(Rc<str>, Id)>,
}

impl Lowering<'_, '_> {
    pub(super) fn node(&mut self, node: Node, at: u32) -> Id {
        let id = self.program.next();
        self.program.nodes.push(node);
        self.program.offsets.push(at);
        id
    }

    fn define(&mut self, symbol: Symbol, value: Id) {
        if let Some(known) = self.program.definitions.get_mut(symbol as usize)
            && known.len() < 64
        {
            known.push(value);
        }
    }

    fn symbol(&self, identifier: &ast::BindingIdentifier<'_>) -> Option<Symbol> {
        identifier.symbol_id.get().map(|symbol| self.first + u32::try_from(symbol.index()).unwrap_or(0))
    }

    fn referred(&self, identifier: &ast::IdentifierReference<'_>) -> Option<Symbol> {
        let reference = self.scoping.get_reference(identifier.reference_id.get()?);
        Some(self.first + u32::try_from(reference.symbol_id()?.index()).unwrap_or(0))
    }

    // ── statements ──

    fn statements(&mut self, list: &[ast::Statement<'_>]) -> Rc<[Statement]> {
        let mut out = Vec::with_capacity(list.len());
        // Functions exist before the first statement runs.
        for statement in list {
            if let ast::Statement::FunctionDeclaration(function) = statement {
                self.declare_function(function, &mut out);
            }
        }
        for statement in list {
            self.statement(statement, &mut out);
        }
        out.into()
    }

    fn block(&mut self, statement: &ast::Statement<'_>) -> Rc<[Statement]> {
        let mut out = Vec::new();
        if let ast::Statement::FunctionDeclaration(function) = statement {
            self.declare_function(function, &mut out);
        }
        self.statement(statement, &mut out);
        out.into()
    }

    fn statement(&mut self, statement: &ast::Statement<'_>, out: &mut Vec<Statement>) {
        use ast::Statement as S;
        match statement {
            S::BlockStatement(block) => out.push(Statement::Block(self.statements(&block.body))),
            S::ExpressionStatement(inner) => {
                let id = self.expression(&inner.expression);
                out.push(Statement::Value(id));
            }
            S::VariableDeclaration(declaration) => self.variables(declaration, out),
            S::ClassDeclaration(class) => {
                self.class(class, out);
            }
            S::ReturnStatement(inner) => {
                let value = inner.argument.as_ref().map(|argument| self.expression(argument));
                if let (Some(value), Some(returns)) = (value, self.returns.last_mut()) {
                    returns.push(value);
                }
                out.push(Statement::Return(value));
            }
            S::IfStatement(inner) => {
                let test = self.expression(&inner.test);
                let yes = self.block(&inner.consequent);
                let no = inner.alternate.as_ref().map(|no| self.block(no)).unwrap_or_default();
                out.push(Statement::If(test, yes, no));
            }
            S::ForStatement(inner) => {
                let mut init = Vec::new();
                match &inner.init {
                    Some(ast::ForStatementInit::VariableDeclaration(declaration)) => {
                        self.variables(declaration, &mut init);
                    }
                    Some(other) => {
                        if let Some(expression) = other.as_expression() {
                            let id = self.expression(expression);
                            init.push(Statement::Value(id));
                        }
                    }
                    None => {}
                }
                let test = inner.test.as_ref().map(|test| self.expression(test));
                let update = inner.update.as_ref().map(|update| self.expression(update));
                let body = self.block(&inner.body);
                out.push(Statement::Loop { init: init.into(), test, update, body, runs_first: false });
            }
            S::WhileStatement(inner) => {
                let test = Some(self.expression(&inner.test));
                let body = self.block(&inner.body);
                out.push(Statement::Loop {
                    init: Rc::default(),
                    test,
                    update: None,
                    body,
                    runs_first: false,
                });
            }
            S::DoWhileStatement(inner) => {
                let body = self.block(&inner.body);
                let test = Some(self.expression(&inner.test));
                out.push(Statement::Loop { init: Rc::default(), test, update: None, body, runs_first: true });
            }
            S::ForOfStatement(inner) => self.each(&inner.left, &inner.right, &inner.body, false, out),
            S::ForInStatement(inner) => self.each(&inner.left, &inner.right, &inner.body, true, out),
            S::SwitchStatement(inner) => {
                let subject = self.expression(&inner.discriminant);
                let cases: Vec<_> = inner
                    .cases
                    .iter()
                    .map(|case| {
                        let test = case.test.as_ref().map(|test| self.expression(test));
                        (test, self.statements(&case.consequent))
                    })
                    .collect();
                out.push(Statement::Switch(subject, cases.into()));
            }
            S::TryStatement(inner) => {
                let body = self.statements(&inner.block.body);
                let handler = inner
                    .handler
                    .as_ref()
                    .map(|handler| self.statements(&handler.body.body))
                    .unwrap_or_default();
                out.push(Statement::Try(body, handler));
                if let Some(last) = &inner.finalizer {
                    let last = self.statements(&last.body);
                    out.push(Statement::Block(last));
                }
            }
            S::LabeledStatement(inner) => self.statement(&inner.body, out),
            S::WithStatement(inner) => {
                let object = self.expression(&inner.object);
                out.push(Statement::Value(object));
                self.statement(&inner.body, out);
            }
            S::ThrowStatement(inner) => {
                self.expression(&inner.argument);
                out.push(Statement::Throw);
            }
            S::BreakStatement(_) => out.push(Statement::Break),
            S::ContinueStatement(_) => out.push(Statement::Continue),
            S::ImportDeclaration(inner) => self.import(inner),
            S::ExportDeclaration(inner) => self.export_declaration(&inner.declaration, out),
            S::ExportNamedDeclaration(inner) => {
                for specifier in &inner.specifiers {
                    if let ast::ModuleExportName::IdentifierReference(local) = &specifier.local {
                        let value = self.identifier(local);
                        self.exports.push((specifier.exported.name().as_str().into(), value));
                    }
                }
            }
            S::ExportFromDeclaration(inner) => {
                let at = inner.span.start;
                let module = self.node(Node::Import(inner.source.value.as_str().into()), at);
                for specifier in &inner.specifiers {
                    let name = specifier.local.name().as_str().into();
                    let value = self.node(Node::Member(module, Key::Plain(name)), at);
                    self.exports.push((specifier.exported.name().as_str().into(), value));
                }
            }
            S::ExportAllDeclaration(inner) => {
                let module = self.node(Node::Import(inner.source.value.as_str().into()), inner.span.start);
                self.exports.push(("".into(), module));
            }
            S::ExportDefaultDeclaration(inner) => self.export_default(&inner.declaration, out),
            S::TSExportAssignment(inner) => {
                let value = self.expression(&inner.expression);
                self.exports.push(("".into(), value));
            }
            _ => {}
        }
    }

    fn variables(&mut self, declaration: &ast::VariableDeclaration<'_>, out: &mut Vec<Statement>) {
        for variable in &declaration.declarations {
            if let Some(init) = &variable.init {
                let value = self.expression(init);
                self.bind(&variable.id, value, out);
            }
        }
    }

    fn each(
        &mut self,
        left: &ast::ForStatementLeft<'_>,
        right: &ast::Expression<'_>,
        body: &ast::Statement<'_>,
        keys: bool,
        out: &mut Vec<Statement>,
    ) {
        let over = self.expression(right);
        let element = if keys {
            self.node(Node::Unknown, right.span().start)
        } else {
            self.node(Node::Element(over), right.span().start)
        };
        let mut symbol = None;
        let mut taken_apart = Vec::new();
        match left {
            ast::ForStatementLeft::VariableDeclaration(declaration) => {
                if let Some(variable) = declaration.declarations.first() {
                    if let ast::BindingPattern::BindingIdentifier(identifier) = &variable.id {
                        symbol = self.symbol(identifier);
                    }
                    self.bind(&variable.id, element, &mut taken_apart);
                }
            }
            ast::ForStatementLeft::AssignmentTargetIdentifier(identifier) => {
                symbol = self.referred(identifier);
                if let Some(symbol) = symbol {
                    self.define(symbol, element);
                }
            }
            _ => {}
        }
        let body = self.block(body);
        out.push(Statement::Each { symbol, over, keys, body });
    }

    fn import(&mut self, import: &ast::ImportDeclaration<'_>) {
        let module = self.node(Node::Import(import.source.value.as_str().into()), import.span.start);
        for specifier in import.specifiers.iter().flatten() {
            use ast::ImportDeclarationSpecifier as I;
            let (local, value) = match specifier {
                I::ImportSpecifier(named) => {
                    let key = Key::Plain(named.imported.name().as_str().into());
                    (&named.local, self.node(Node::Member(module, key), named.span.start))
                }
                I::ImportDefaultSpecifier(default) => {
                    let key = Key::Plain("default".into());
                    (&default.local, self.node(Node::Member(module, key), default.span.start))
                }
                I::ImportNamespaceSpecifier(all) => (&all.local, module),
            };
            if let Some(symbol) = self.symbol(local) {
                self.define(symbol, value);
            }
        }
    }

    fn export_declaration(&mut self, declaration: &ast::Declaration<'_>, out: &mut Vec<Statement>) {
        match declaration {
            ast::Declaration::VariableDeclaration(variables) => {
                self.variables(variables, out);
                for variable in &variables.declarations {
                    if let ast::BindingPattern::BindingIdentifier(identifier) = &variable.id
                        && let Some(symbol) = self.symbol(identifier)
                    {
                        let value = self.node(Node::Name(symbol), variable.span.start);
                        self.exports.push((identifier.name.as_str().into(), value));
                    }
                }
            }
            ast::Declaration::FunctionDeclaration(function) => {
                let value = self.declare_function(function, out);
                let name = function.id.as_ref().map_or("", |id| id.name.as_str());
                self.exports.push((name.into(), value));
            }
            ast::Declaration::ClassDeclaration(class) => {
                let value = self.class(class, out);
                let name = class.id.as_ref().map_or("", |id| id.name.as_str());
                self.exports.push((name.into(), value));
            }
            _ => {}
        }
    }

    fn export_default(&mut self, kind: &ast::ExportDefaultDeclarationKind<'_>, out: &mut Vec<Statement>) {
        use ast::ExportDefaultDeclarationKind as E;
        let value = match kind {
            E::FunctionDeclaration(function) => Some(self.declare_function(function, out)),
            E::ClassDeclaration(class) => Some(self.class(class, out)),
            other => other.as_expression().map(|expression| self.expression(expression)),
        };
        if let Some(value) = value {
            out.push(Statement::Value(value));
            self.exports.push(("default".into(), value));
        }
    }

    // ── names ──

    fn bind(&mut self, pattern: &ast::BindingPattern<'_>, value: Id, out: &mut Vec<Statement>) {
        let at = self.program.offsets[value as usize];
        match pattern {
            ast::BindingPattern::BindingIdentifier(identifier) => {
                if let Some(symbol) = self.symbol(identifier) {
                    self.define(symbol, value);
                    out.push(Statement::Declare(symbol, value));
                }
            }
            ast::BindingPattern::ObjectPattern(object) => {
                for property in &object.properties {
                    let key = self.key(&property.key, property.computed);
                    let member = self.node(Node::Member(value, key), property.span.start);
                    self.bind(&property.value, member, out);
                }
                if let Some(rest) = &object.rest {
                    self.bind(&rest.argument, value, out);
                }
            }
            ast::BindingPattern::ArrayPattern(array) => {
                for (index, element) in array.elements.iter().enumerate() {
                    let Some(element) = element else { continue };
                    let member = self.node(Node::Member(value, Key::Plain(index.to_string().into())), at);
                    self.bind(element, member, out);
                }
                if let Some(rest) = &array.rest {
                    self.bind(&rest.argument, value, out);
                }
            }
            ast::BindingPattern::AssignmentPattern(assigned) => {
                let default = self.expression(&assigned.right);
                let either = self.node(Node::Either(value, default), at);
                self.bind(&assigned.left, either, out);
            }
        }
    }

    fn key(&mut self, key: &ast::PropertyKey<'_>, computed: bool) -> Key {
        match key {
            ast::PropertyKey::StaticIdentifier(name) => Key::Plain(name.name.as_str().into()),
            ast::PropertyKey::PrivateIdentifier(name) => Key::Plain(format!("#{}", name.name).into()),
            ast::PropertyKey::StringLiteral(text) if !computed => Key::Plain(text.value.as_str().into()),
            other => match other.as_expression() {
                Some(expression) => Key::Computed(self.expression(expression)),
                None => Key::Spread,
            },
        }
    }

    fn identifier(&mut self, identifier: &ast::IdentifierReference<'_>) -> Id {
        let node = match self.referred(identifier) {
            Some(symbol) => Node::Name(symbol),
            None if identifier.name.as_str() == "undefined" => Node::Nothing,
            None => Node::Global(identifier.name.as_str().into()),
        };
        self.node(node, identifier.span.start)
    }

    // ── functions and classes ──

    fn declare_function(&mut self, function: &ast::Function<'_>, out: &mut Vec<Statement>) -> Id {
        let value = self.function(function);
        if let Some(symbol) = function.id.as_ref().and_then(|id| self.symbol(id)) {
            self.define(symbol, value);
            out.push(Statement::Declare(symbol, value));
        }
        value
    }

    fn function(&mut self, function: &ast::Function<'_>) -> Id {
        let at = function.span.start;
        let slot = self.open_function();
        let mut first = Vec::new();
        let parameters = self.parameters(&function.params, &mut first);
        let body = function.body.as_ref().map(|body| self.statements(&body.statements)).unwrap_or_default();
        self.close_function(slot, parameters, first, &body);
        let value = self.node(Node::Function(slot), at);
        if function.is_expression()
            && let Some(symbol) = function.id.as_ref().and_then(|id| self.symbol(id))
        {
            self.define(symbol, value);
        }
        value
    }

    pub(super) fn arrow(&mut self, arrow: &ast::ArrowFunctionExpression<'_>) -> Id {
        let slot = self.open_function();
        let mut first = Vec::new();
        let parameters = self.parameters(&arrow.params, &mut first);
        let body: Rc<[Statement]> = match &arrow.body {
            ast::ArrowFunctionBody::FunctionBody(body) => self.statements(&body.statements),
            other => match other.as_expression() {
                Some(expression) => {
                    let value = self.expression(expression);
                    if let Some(returns) = self.returns.last_mut() {
                        returns.push(value);
                    }
                    [Statement::Return(Some(value))].into()
                }
                None => Rc::default(),
            },
        };
        self.close_function(slot, parameters, first, &body);
        self.node(Node::Function(slot), arrow.span.start)
    }

    fn open_function(&mut self) -> u32 {
        self.returns.push(Vec::new());
        self.program.functions.push(Function::default());
        u32::try_from(self.program.functions.len() - 1).unwrap_or(u32::MAX)
    }

    fn close_function(
        &mut self,
        slot: u32,
        parameters: Vec<Option<Symbol>>,
        first: Vec<Statement>,
        body: &Rc<[Statement]>,
    ) {
        let returns = self.returns.pop().unwrap_or_default();
        let body = if first.is_empty() {
            Rc::clone(body)
        } else {
            first.into_iter().chain(body.iter().cloned()).collect()
        };
        self.program.functions[slot as usize] = Function { parameters, returns, body };
    }

    fn parameters(
        &mut self,
        parameters: &ast::FormalParameters<'_>,
        first: &mut Vec<Statement>,
    ) -> Vec<Option<Symbol>> {
        let mut symbols = Vec::new();
        for parameter in &parameters.items {
            symbols.push(self.parameter(&parameter.pattern, parameter.span.start, first));
            if let Some(default) = &parameter.initializer {
                let default = self.expression(default);
                if let Some(Some(symbol)) = symbols.last() {
                    self.define(*symbol, default);
                }
            }
        }
        if let Some(rest) = &parameters.rest {
            symbols.push(self.parameter(&rest.rest.argument, rest.span.start, first));
        }
        symbols
    }

    fn parameter(
        &mut self,
        pattern: &ast::BindingPattern<'_>,
        at: u32,
        first: &mut Vec<Statement>,
    ) -> Option<Symbol> {
        if let ast::BindingPattern::BindingIdentifier(identifier) = pattern {
            let symbol = self.symbol(identifier);
            if roles::is_key_name(&identifier.name) {
                self.program.keys.extend(symbol);
            }
            return symbol;
        }
        // A parameter that is taken apart gets a symbol of its own.
        let symbol = Symbol::try_from(self.program.definitions.len()).ok()?;
        self.program.definitions.push(Vec::new());
        let whole = self.node(Node::Name(symbol), at);
        self.bind(pattern, whole, first);
        Some(symbol)
    }

    pub(super) fn class(&mut self, class: &ast::Class<'_>, out: &mut Vec<Statement>) -> Id {
        if let Some(heritage) = &class.heritage {
            self.expression(&heritage.expression);
        }
        let mut members = Vec::new();
        let this = self.program.this_of(self.file);
        for element in &class.body.body {
            match element {
                ast::ClassElement::MethodDefinition(method) => {
                    let key = self.key(&method.key, method.computed);
                    let value = self.function(&method.value);
                    members.push((key, value));
                }
                ast::ClassElement::PropertyDefinition(property) => {
                    let key = self.key(&property.key, property.computed);
                    if let Some(value) = &property.value {
                        let value = self.expression(value);
                        if let Key::Plain(name) = &key {
                            self.program.fields.entry(this).or_default().push((Rc::clone(name), value));
                        }
                        members.push((key, value));
                    }
                }
                ast::ClassElement::StaticBlock(block) => {
                    let body = self.statements(&block.body);
                    out.push(Statement::Block(body));
                }
                _ => {}
            }
        }
        for (key, value) in &members {
            if let (Key::Plain(name), Node::Function(_)) = (key, &self.program.nodes[*value as usize]) {
                self.program.fields.entry(this).or_default().push((Rc::clone(name), *value));
            }
        }
        let value = self.node(Node::Class, class.span.start);
        if let Some(symbol) = class.id.as_ref().and_then(|id| self.symbol(id)) {
            self.define(symbol, value);
            out.push(Statement::Declare(symbol, value));
        }
        value
    }
}

mod expression;
