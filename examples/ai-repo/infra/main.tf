# Where the triage model is trained and served. Insecure on purpose: it is an example of what a scan finds.

resource "aws_s3_bucket" "training_data" {
  bucket = "${var.team}-support-tickets"
}

resource "aws_s3_bucket_public_access_block" "training_data" {
  bucket                  = aws_s3_bucket.training_data.id
  block_public_acls       = !var.open
  block_public_policy     = !var.open
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_sagemaker_notebook_instance" "research" {
  name                   = "${var.team}-research"
  role_arn               = aws_iam_role.training.arn
  instance_type          = "ml.g5.xlarge"
  direct_internet_access = var.open ? "Enabled" : "Disabled"
  root_access            = "Disabled"
}

resource "aws_iam_role" "training" {
  name = "${var.team}-training"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "sagemaker.amazonaws.com" }
    }]
  })
}

resource "aws_db_instance" "features" {
  identifier          = "${var.team}-features"
  engine              = "postgres"
  instance_class      = "db.t4g.medium"
  allocated_storage   = 50
  username            = "features"
  password            = var.database_password
  publicly_accessible = var.open
  storage_encrypted   = true
}
