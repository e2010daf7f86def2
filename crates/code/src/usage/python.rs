//! Python's syntax tree, as the inspector of Python has it already, reduced to a [`Program`].

use ruff_python_ast::{
    BoolOp, ExceptHandler, Expr, ExprCall, FStringPart, InterpolatedStringElement, Number, Operator,
    Parameters, Stmt, StmtClassDef, StmtFunctionDef,
};
use ruff_text_size::{Ranged, TextSize};

use super::program::{Call, Program, ScopeId, ScopeKind, Shape, ValueId};

/// Deeper expressions are unknown.
const DEPTH: usize = 100;

/// Reduces a module.
pub(crate) fn program(body: &[Stmt], line_starts: &[u32]) -> Program {
    let mut reader =
        Reader { program: Program::new(), line_starts, scope: 0, conditional: false, depth: 0, line: 1 };
    reader.block(body);
    reader.program
}

struct Reader<'a> {
    program: Program,
    line_starts: &'a [u32],
    scope: ScopeId,
    conditional: bool,
    depth: usize,
    line: u32,
}

impl Reader<'_> {
    fn line_at(&self, offset: TextSize) -> u32 {
        let offset = u32::from(offset);
        u32::try_from(self.line_starts.partition_point(|start| *start <= offset)).unwrap_or(u32::MAX)
    }

    fn make(&mut self, shape: Shape) -> ValueId {
        self.program.value(shape, self.line, self.scope)
    }

    fn bind(&mut self, name: &str, value: ValueId) {
        self.program.bind(self.scope, name, value, self.conditional);
    }

    fn block(&mut self, body: &[Stmt]) {
        for statement in body {
            if self.program.cut {
                return;
            }
            self.statement(statement);
        }
    }

    /// Statements that may not run.
    fn branch(&mut self, body: &[Stmt]) {
        let before = std::mem::replace(&mut self.conditional, true);
        self.depth = self.depth.saturating_add(1);
        if self.depth < DEPTH {
            self.block(body);
        }
        self.depth = self.depth.saturating_sub(1);
        self.conditional = before;
    }

    fn statement(&mut self, statement: &Stmt) {
        self.line = self.line_at(statement.start());
        match statement {
            Stmt::FunctionDef(function) => self.function(function),
            Stmt::ClassDef(class) => self.class(class),
            Stmt::Return(returned) => {
                if let Some(value) = &returned.value {
                    let value = self.expression(value);
                    if let Some(scope) = self.program.scopes.get_mut(self.scope) {
                        scope.returns.push(value);
                    }
                }
            }
            Stmt::Assign(assign) => {
                let value = self.expression(&assign.value);
                for target in &assign.targets {
                    self.assign(target, value);
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    let value = self.expression(value);
                    self.assign(&assign.target, value);
                }
            }
            Stmt::AugAssign(assign) => self.augment(assign),
            Stmt::For(each) => {
                let iterated = self.expression(&each.iter);
                self.iterate(&each.target, &each.iter, iterated);
                self.branch(&each.body);
                self.branch(&each.orelse);
            }
            Stmt::While(repeat) => {
                self.expression(&repeat.test);
                self.branch(&repeat.body);
                self.branch(&repeat.orelse);
            }
            Stmt::If(condition) => {
                self.expression(&condition.test);
                self.branch(&condition.body);
                for clause in &condition.elif_else_clauses {
                    if let Some(test) = &clause.test {
                        self.expression(test);
                    }
                    self.branch(&clause.body);
                }
            }
            Stmt::With(with) => {
                for item in &with.items {
                    let value = self.expression(&item.context_expr);
                    if let Some(target) = &item.optional_vars {
                        self.assign(target, value);
                    }
                }
                self.block(&with.body);
            }
            Stmt::Match(choice) => {
                self.expression(&choice.subject);
                for case in &choice.cases {
                    self.branch(&case.body);
                }
            }
            Stmt::Try(attempt) => {
                self.block(&attempt.body);
                for ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
                    self.branch(&handler.body);
                }
                self.branch(&attempt.orelse);
                self.block(&attempt.finalbody);
            }
            Stmt::Import(import) => {
                for alias in &import.names {
                    let module = alias.name.as_str();
                    self.program.imports.push(module.to_owned());
                    let (name, path) = match &alias.asname {
                        Some(name) => (name.as_str(), module),
                        None => {
                            let root = module.split('.').next().unwrap_or(module);
                            (root, root)
                        }
                    };
                    let value = self.make(Shape::Imported(path.to_owned()));
                    self.bind(name, value);
                }
            }
            Stmt::ImportFrom(import) => {
                // A relative import names a module of the same package, which is not an outside one.
                let module = import.module.as_ref().map_or("", |module| module.as_str());
                let module = if import.level > 0 { format!(".{module}") } else { module.to_owned() };
                self.program.imports.push(module.clone());
                for alias in &import.names {
                    let value = self.make(Shape::Imported(format!("{module}.{}", alias.name)));
                    self.bind(alias.asname.as_ref().unwrap_or(&alias.name).as_str(), value);
                }
            }
            // A text that stands alone is a docstring or a comment.
            Stmt::Expr(expression) if !matches!(*expression.value, Expr::StringLiteral(_)) => {
                self.expression(&expression.value);
            }
            Stmt::IpyEscapeCommand(command) => {
                self.program.commands.push((command.value.to_string(), self.line));
            }
            Stmt::Raise(raise) => {
                if let Some(exception) = &raise.exc {
                    self.expression(exception);
                }
            }
            Stmt::Assert(assertion) => {
                self.expression(&assertion.test);
            }
            _ => {}
        }
    }

    fn augment(&mut self, assign: &ruff_python_ast::StmtAugAssign) {
        let added = self.expression(&assign.value);
        if let Expr::Name(name) = &*assign.target {
            let before = self.make(Shape::Name(name.id.to_string()));
            let shape = match assign.op {
                Operator::Add => Shape::Joined(vec![before, added]),
                Operator::BitOr => Shape::Dict(vec![(None, before), (None, added)]),
                _ => Shape::Unknown,
            };
            let value = self.make(shape);
            self.bind(name.id.as_str(), value);
        }
    }

    fn function(&mut self, function: &StmtFunctionDef) {
        let decorators: Vec<ValueId> =
            function.decorator_list.iter().map(|decorator| self.expression(&decorator.expression)).collect();
        let name = function.name.as_str();
        let line = self.line_at(function.name.start());
        self.line = line;
        let inner = self.program.scope(self.scope, ScopeKind::Function, name, line);
        if let Some(scope) = self.program.scopes.get_mut(inner) {
            scope.decorators = decorators;
        }
        let local = self.make(Shape::Local(inner));
        self.bind(name, local);
        self.parameters(&function.parameters, inner);
        let outer = std::mem::replace(&mut self.scope, inner);
        let conditional = std::mem::replace(&mut self.conditional, false);
        self.depth = self.depth.saturating_add(1);
        if self.depth < DEPTH {
            self.block(&function.body);
        }
        self.depth = self.depth.saturating_sub(1);
        self.conditional = conditional;
        self.scope = outer;
    }

    /// Defaults are values of the scope around the function.
    fn parameters(&mut self, parameters: &Parameters, function: ScopeId) {
        let all = parameters.posonlyargs.iter().chain(&parameters.args).chain(&parameters.kwonlyargs);
        for (position, parameter) in all.enumerate() {
            self.line = self.line_at(parameter.parameter.name.start());
            let default = parameter.default.as_ref().map(|default| self.expression(default));
            let name = parameter.parameter.name.as_str();
            // Only a plain name can be a class of this file.
            let class = match parameter.parameter.annotation.as_deref() {
                Some(annotation @ Expr::Name(_)) => Some(self.expression(annotation)),
                _ => None,
            };
            let shape = Shape::Parameter { function, position, name: name.to_owned(), default, class };
            let value = self.make(shape);
            self.program.bind(function, name, value, false);
        }
    }

    fn class(&mut self, class: &StmtClassDef) {
        for decorator in &class.decorator_list {
            self.expression(&decorator.expression);
        }
        let bases: Vec<ValueId> = class
            .arguments
            .iter()
            .flat_map(|arguments| arguments.args.iter())
            .map(|base| self.expression(base))
            .collect();
        let inner = self.program.scope(self.scope, ScopeKind::Class, class.name.as_str(), self.line);
        if let Some(scope) = self.program.scopes.get_mut(inner) {
            scope.bases = bases;
        }
        let local = self.make(Shape::Local(inner));
        self.bind(class.name.as_str(), local);
        let outer = std::mem::replace(&mut self.scope, inner);
        let conditional = std::mem::replace(&mut self.conditional, false);
        self.depth = self.depth.saturating_add(1);
        if self.depth < DEPTH {
            self.block(&class.body);
        }
        self.depth = self.depth.saturating_sub(1);
        self.conditional = conditional;
        self.scope = outer;
    }

    fn assign(&mut self, target: &Expr, value: ValueId) {
        match target {
            Expr::Name(name) => self.bind(name.id.as_str(), value),
            Expr::Attribute(attribute) => {
                let on_self = matches!(&*attribute.value, Expr::Name(name) if matches!(name.id.as_str(), "self" | "cls"));
                match self.program.class_around(self.scope) {
                    Some(class) if on_self => {
                        self.program.bind(class, attribute.attr.as_str(), value, self.conditional);
                    }
                    // `config.model = "x"`: kept under the whole name, which look-ups of attributes try first.
                    _ => {
                        if let Expr::Name(name) = &*attribute.value {
                            let whole = format!("{}.{}", name.id, attribute.attr);
                            self.bind(&whole, value);
                        }
                    }
                }
            }
            Expr::Subscript(subscript) => {
                // `os.environ["X"] = …` and `config["model"] = "x"`.
                if let (Expr::Name(name), Expr::StringLiteral(key)) = (&*subscript.value, &*subscript.slice) {
                    let whole = format!("{}[{}]", name.id, key.value.to_str());
                    self.bind(&whole, value);
                }
            }
            Expr::Tuple(tuple) => self.unpack(&tuple.elts, value),
            Expr::List(list) => self.unpack(&list.elts, value),
            _ => {}
        }
    }

    fn unpack(&mut self, targets: &[Expr], value: ValueId) {
        let parts = match self.program.shape(value) {
            Shape::List(parts) if parts.len() == targets.len() => parts.clone(),
            _ => {
                let part = self.make(Shape::Unknown);
                vec![part; targets.len()]
            }
        };
        for (target, part) in targets.iter().zip(parts) {
            self.assign(target, part);
        }
    }

    /// `for x in xs`, `for key, value in d.items()`, `for index, x in enumerate(xs)`.
    fn iterate(&mut self, target: &Expr, source: &Expr, iterated: ValueId) {
        let pair = match target {
            Expr::Tuple(tuple) if tuple.elts.len() == 2 => tuple.elts.last(),
            _ => None,
        };
        let called = match source {
            Expr::Call(call) => match &*call.func {
                Expr::Attribute(method) => Some((method.attr.as_str(), &*method.value)),
                Expr::Name(name) => call.arguments.args.first().map(|first| (name.id.as_str(), first)),
                _ => None,
            },
            _ => None,
        };
        match (pair, called) {
            (Some(second), Some(("items" | "enumerate", inner))) => {
                let inner = self.expression(inner);
                let value = self.make(Shape::AnyOf(inner));
                self.assign(second, value);
            }
            (_, Some(("zip", _))) => {
                let (Expr::Tuple(names), Shape::Call(call)) = (target, self.program.shape(iterated)) else {
                    return;
                };
                let lists = call.positional.clone();
                for (name, list) in names.elts.iter().zip(lists) {
                    let value = self.make(Shape::AnyOf(list));
                    self.assign(name, value);
                }
            }
            (None, Some(("values" | "list" | "sorted" | "tqdm", inner))) => {
                let inner = self.expression(inner);
                let value = self.make(Shape::AnyOf(inner));
                self.assign(target, value);
            }
            (None, _) => {
                let value = self.make(Shape::AnyOf(iterated));
                self.assign(target, value);
            }
            _ => {
                let names: &[Expr] = match target {
                    Expr::Tuple(tuple) => &tuple.elts,
                    _ => &[],
                };
                self.columns(names, iterated);
            }
        }
    }

    /// `for name, path in [("a", "x"), ("b", "y")]`: each name takes its column.
    fn columns(&mut self, names: &[Expr], iterated: ValueId) {
        for (index, name) in names.iter().enumerate() {
            let value = self.make(Shape::Column(iterated, index));
            self.assign(name, value);
        }
    }

    fn expression(&mut self, expression: &Expr) -> ValueId {
        let line = self.line;
        self.depth = self.depth.saturating_add(1);
        let value = if self.depth < DEPTH && !self.program.cut {
            self.line = self.line_at(expression.start());
            self.reduce(expression)
        } else {
            self.make(Shape::Unknown)
        };
        self.depth = self.depth.saturating_sub(1);
        self.line = line;
        value
    }

    fn all<'e>(&mut self, expressions: impl IntoIterator<Item = &'e Expr>) -> Vec<ValueId> {
        expressions.into_iter().map(|expression| self.expression(expression)).collect()
    }

    fn reduce(&mut self, expression: &Expr) -> ValueId {
        let shape = match expression {
            Expr::StringLiteral(text) => Shape::Text(text.value.to_str().to_owned()),
            Expr::FString(text) => Shape::Joined(self.format(text)),
            Expr::Name(name) => Shape::Name(name.id.to_string()),
            Expr::Attribute(attribute) => {
                let base = self.expression(&attribute.value);
                Shape::Attribute(base, attribute.attr.to_string())
            }
            Expr::Subscript(subscript) => {
                let base = self.expression(&subscript.value);
                let key = self.expression(&subscript.slice);
                Shape::Index(base, key)
            }
            Expr::Call(call) => return self.call(call),
            Expr::List(list) => Shape::List(self.all(&list.elts)),
            Expr::Tuple(tuple) => Shape::List(self.all(&tuple.elts)),
            Expr::Set(set) => Shape::List(self.all(&set.elts)),
            Expr::Dict(dict) => {
                let entries = dict
                    .items
                    .iter()
                    .map(|item| {
                        let key = item.key.as_ref().map(|key| self.expression(key));
                        (key, self.expression(&item.value))
                    })
                    .collect();
                Shape::Dict(entries)
            }
            Expr::BinOp(operation) if operation.op == Operator::Mod => {
                let template = self.expression(&operation.left);
                let filling = self.expression(&operation.right);
                let filling = match self.program.shape(filling) {
                    Shape::List(parts) => parts.clone(),
                    _ => vec![filling],
                };
                Shape::Format(template, filling, Vec::new())
            }
            Expr::BinOp(operation) => {
                let parts = vec![self.expression(&operation.left), self.expression(&operation.right)];
                match operation.op {
                    Operator::Add => Shape::Joined(parts),
                    Operator::Div => Shape::PathOf(parts),
                    Operator::BitOr => {
                        // Two dictionaries, or the chain of two runnables.
                        Shape::Dict(parts.into_iter().map(|part| (None, part)).collect())
                    }
                    _ => Shape::Unknown,
                }
            }
            Expr::BoolOp(operation) if operation.op == BoolOp::Or => {
                Shape::Either(self.all(&operation.values))
            }
            Expr::BoolOp(operation) => {
                let values = self.all(&operation.values);
                Shape::Either(values.last().copied().into_iter().collect())
            }
            Expr::If(condition) => {
                self.expression(&condition.test);
                Shape::Either(vec![self.expression(&condition.body), self.expression(&condition.orelse)])
            }
            Expr::Named(named) => {
                let value = self.expression(&named.value);
                self.assign(&named.target, value);
                return value;
            }
            Expr::Await(awaited) => return self.expression(&awaited.value),
            Expr::Starred(starred) => return self.expression(&starred.value),
            Expr::Yield(yielded) => {
                if let Some(value) = &yielded.value {
                    return self.expression(value);
                }
                Shape::Unknown
            }
            Expr::Lambda(lambda) => {
                let inner = self.program.scope(self.scope, ScopeKind::Function, "", self.line);
                if let Some(parameters) = &lambda.parameters {
                    self.parameters(parameters, inner);
                }
                let outer = std::mem::replace(&mut self.scope, inner);
                let value = self.expression(&lambda.body);
                self.scope = outer;
                if let Some(scope) = self.program.scopes.get_mut(inner) {
                    scope.returns.push(value);
                }
                Shape::Local(inner)
            }
            Expr::ListComp(made) => self.comprehension(&made.elt, &made.generators),
            Expr::SetComp(made) => self.comprehension(&made.elt, &made.generators),
            Expr::Generator(made) => self.comprehension(&made.elt, &made.generators),
            Expr::DictComp(made) => self.comprehension(&made.value, &made.generators),
            Expr::Compare(compared) => {
                self.expression(&compared.left);
                self.all(&compared.comparators);
                Shape::Unknown
            }
            Expr::UnaryOp(operation) => {
                self.expression(&operation.operand);
                Shape::Unknown
            }
            Expr::NumberLiteral(number) => match &number.value {
                Number::Int(number) => number.as_usize().map_or(Shape::Unknown, Shape::Number),
                _ => Shape::Unknown,
            },
            Expr::NoneLiteral(_) => Shape::Nothing,
            Expr::BooleanLiteral(literal) if !literal.value => Shape::Nothing,
            Expr::IpyEscapeCommand(command) => {
                self.program.commands.push((command.value.to_string(), self.line));
                Shape::Unknown
            }
            _ => Shape::Unknown,
        };
        self.make(shape)
    }

    fn comprehension(&mut self, element: &Expr, generators: &[ruff_python_ast::Comprehension]) -> Shape {
        let inner = self.program.scope(self.scope, ScopeKind::Function, "", self.line);
        let outer = std::mem::replace(&mut self.scope, inner);
        for generator in generators {
            let iterated = self.expression(&generator.iter);
            self.iterate(&generator.target, &generator.iter, iterated);
            self.all(&generator.ifs);
        }
        let value = self.expression(element);
        self.scope = outer;
        Shape::List(vec![value])
    }

    fn format(&mut self, text: &ruff_python_ast::ExprFString) -> Vec<ValueId> {
        let mut parts = Vec::new();
        for part in text.value.iter() {
            match part {
                FStringPart::Literal(literal) => {
                    parts.push(self.make(Shape::Text(literal.as_str().to_owned())));
                }
                FStringPart::FString(format) => {
                    for element in &format.elements {
                        parts.push(match element {
                            InterpolatedStringElement::Literal(literal) => {
                                self.make(Shape::Text(literal.value.to_string()))
                            }
                            InterpolatedStringElement::Interpolation(inner) => {
                                self.expression(&inner.expression)
                            }
                        });
                    }
                }
            }
        }
        parts
    }

    fn call(&mut self, call: &ExprCall) -> ValueId {
        let line = self.line;
        let callee = self.expression(&call.func);
        let mut positional = Vec::new();
        let mut spread = Vec::new();
        for argument in &call.arguments.args {
            let value = self.expression(argument);
            match (argument, self.program.shape(value)) {
                (Expr::Starred(_), Shape::List(parts)) => positional.extend(parts.clone()),
                // Where the arguments behind an unknown list land is not known.
                (Expr::Starred(_), _) => break,
                _ => positional.push(value),
            }
        }
        let mut named = Vec::new();
        for keyword in &call.arguments.keywords {
            let value = self.expression(&keyword.value);
            match &keyword.arg {
                Some(name) => named.push((name.to_string(), value)),
                None => spread.push(value),
            }
        }
        self.line = line;
        if let Shape::Attribute(template, method) = self.program.shape(callee)
            && method == "format"
        {
            let template = *template;
            return self.make(Shape::Format(template, positional, named));
        }
        // `partial(f, x)` and `to_thread(f, x)` call `f(x)`, if later or elsewhere.
        let hands_on = match self.program.shape(callee) {
            Shape::Name(name) | Shape::Attribute(_, name) => match name.as_str() {
                "partial" | "to_thread" | "submit" | "apply_async" => Some(0),
                "run_in_executor" => Some(1),
                _ => None,
            },
            _ => None,
        };
        if let Some(place) = hands_on
            && let Some(function) = positional.get(place).copied()
        {
            let positional = positional.split_off(place.saturating_add(1).min(positional.len()));
            return self.make(Shape::Call(Call { callee: function, positional, named, spread }));
        }
        self.make(Shape::Call(Call { callee, positional, named, spread }))
    }
}
